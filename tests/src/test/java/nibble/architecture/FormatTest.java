package nibble.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions.Style;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * All sources are formatted as google-java-format does it, and import nothing they do not use. The
 * formatter uses the parser of the JDK that it runs on, so it runs here, on the JDK of the project,
 * and not in a plugin on that of Maven. {@code -Dnibble.format=write} formats the files instead.
 */
class FormatTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  @Test
  void sourcesAreFormatted() {
    boolean write = "write".equals(System.getProperty("nibble.format"));
    List<Path> sources = sources();
    assertTrue(sources.size() > 500, "found only " + sources.size() + " sources below " + ROOT);
    List<String> other =
        sources.parallelStream()
            .filter(source -> !isFormatted(source, write))
            .map(source -> ROOT.relativize(source).toString())
            .sorted()
            .toList();
    assertEquals(
        List.of(),
        write ? List.of() : other,
        "not as google-java-format has it; mvn test -pl tests -am -Dtest=FormatTest"
            + " -Dsurefire.failIfNoSpecifiedTests=false -Dnibble.format=write mends that");
  }

  @Test
  void complainsAboutSpaces() throws FormatterException {
    assertEquals("class A {\n  int b;\n}\n", formatted("class A { int  b; }"));
  }

  private static List<Path> sources() {
    try (Stream<Path> modules = Files.list(ROOT)) {
      return modules
          .map(module -> module.resolve("src"))
          .filter(Files::isDirectory)
          .flatMap(FormatTest::javaFiles)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<Path> javaFiles(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isFormatted(Path source, boolean write) {
    try {
      String text = Files.readString(source);
      String formatted = formatted(text);
      if (write && !formatted.equals(text)) {
        Files.writeString(source, formatted);
      }
      return formatted.equals(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (FormatterException e) {
      throw new IllegalStateException(source + ": " + e.getMessage(), e);
    }
  }

  private static String formatted(String text) throws FormatterException {
    return ImportOrderer.reorderImports(
        RemoveUnusedImports.removeUnusedImports(new Formatter().formatSource(text)), Style.GOOGLE);
  }
}
