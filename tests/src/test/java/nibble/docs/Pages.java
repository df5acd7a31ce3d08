package nibble.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The pages of the documentation. */
final class Pages {
  private Pages() {}

  /**
   * The folder of the repository: the one above the working directory that holds the {@code tests}
   * module.
   */
  static Path root() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isRegularFile(at.resolve("tests/pom.xml"))) {
        return at;
      }
    }
    throw new IllegalStateException("the tests run outside of the repository");
  }

  /** {@code README.md} and the {@link #guide}. */
  static List<Path> all() throws IOException {
    List<Path> pages = new ArrayList<>(guide());
    pages.addFirst(root().resolve("README.md"));
    return pages;
  }

  /** Everything in {@code docs}, in order of the names. */
  static List<Path> guide() throws IOException {
    try (Stream<Path> files = Files.walk(root().resolve("docs"))) {
      return files.filter(file -> file.toString().endsWith(".md")).sorted().toList();
    }
  }

  /** The page at {@code path} below the repository's folder. */
  static String read(String path) throws IOException {
    return Files.readString(root().resolve(path));
  }
}
