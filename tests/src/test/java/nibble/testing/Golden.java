package nibble.testing;

import java.nio.file.Files;
import java.nio.file.Path;

/** Golden values in the repository, below {@code tests/golden}. */
public final class Golden {
  private Golden() {}

  /** Path of a file or folder there. */
  public static Path path(String relative) {
    Path inModule = Path.of("golden", relative).toAbsolutePath();
    return Files.exists(inModule) ? inModule : Path.of("tests/golden", relative).toAbsolutePath();
  }
}
