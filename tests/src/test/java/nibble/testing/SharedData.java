package nibble.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * Real checkpoints, images and reference outputs that are too large for the repository. A test that
 * asks for a missing file is skipped.
 *
 * <p>The folder is, in this order: system property {@code nibble.data}, environment variable {@code
 * NIBBLE_DATA}, {@code ../shared/data} beside the repository.
 */
public final class SharedData {
  private static final Path FOLDER = folder();

  private SharedData() {}

  /**
   * Path of a file or folder of the shared data.
   *
   * @param relative path below the data folder, with {@code /} between names
   * @throws org.opentest4j.TestAbortedException if it does not exist: the test is skipped with a
   *     reason
   */
  public static Path require(String relative) {
    Path path = FOLDER.resolve(relative);
    Assumptions.assumeTrue(
        Files.exists(path),
        () ->
            "needs "
                + path
                + ", which does not exist; set NIBBLE_DATA to the folder with the test data");
    return path;
  }

  /** Whether a file or folder of the shared data exists. */
  public static boolean has(String relative) {
    return Files.exists(FOLDER.resolve(relative));
  }

  private static Path folder() {
    String property = orNull(System.getProperty("nibble.data"));
    String variable = orNull(System.getenv("NIBBLE_DATA"));
    if (property != null) {
      return Path.of(property);
    }
    return variable != null
        ? Path.of(variable)
        : repositoryRoot().resolveSibling("shared").resolve("data");
  }

  private static @Nullable String orNull(@Nullable String value) {
    return value == null || value.isBlank() ? null : value;
  }

  /**
   * The folder above the working directory that holds the {@code tests} module; the working
   * directory itself if there is none.
   */
  private static Path repositoryRoot() {
    Path start = Path.of("").toAbsolutePath();
    for (Path at = start; at != null; at = at.getParent()) {
      if (Files.isRegularFile(at.resolve("tests/pom.xml"))) {
        return at;
      }
    }
    return start;
  }
}
