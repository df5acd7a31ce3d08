package nibble.testing;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Expected values from independent implementations, in {@code tests/golden} with the scripts that
 * made them.
 */
public final class GoldenFiles {
  private GoldenFiles() {}

  /** Path of a file or folder below {@code tests/golden}, with {@code /} between names. */
  public static Path of(String relative) {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path golden = at.resolve("tests/golden").resolve(relative);
      if (Files.exists(golden)) {
        return golden;
      }
    }
    throw new IllegalStateException("no tests/golden/" + relative + " above the working directory");
  }
}
