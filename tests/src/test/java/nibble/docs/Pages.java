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

  /** The folder of the repository: the one above the working directory that holds the {@code tests} module. */
  static Path root() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isRegularFile(at.resolve("tests/pom.xml"))) {
        return at;
      }
    }
    throw new IllegalStateException("the tests run outside of the repository");
  }

  /** {@code README.md} where there is one, and everything in {@code docs}, in order of their names. */
  static List<Path> all() throws IOException {
    List<Path> pages = new ArrayList<>();
    Path readme = root().resolve("README.md");
    if (Files.exists(readme)) {
      pages.add(readme);
    }
    try (Stream<Path> files = Files.walk(root().resolve("docs"))) {
      files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
    }
    return pages;
  }

  /** The page at {@code path} below the repository's folder. */
  static String read(String path) throws IOException {
    return Files.readString(root().resolve(path));
  }
}
