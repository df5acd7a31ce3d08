package nibble.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** No library on the class path (a superset of what ships) carries native code. */
class NoNativeCodeTest {
  private static final Pattern NATIVE =
      Pattern.compile(".*\\.(so(\\.[0-9.]+)?|dll|dylib|jnilib)", Pattern.CASE_INSENSITIVE);

  @Test
  void noJarHoldsANativeLibrary() throws IOException {
    List<String> found = new ArrayList<>();
    int jars = 0;
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      if (entry.endsWith(".jar")) {
        jars++;
        try (JarFile jar = new JarFile(Path.of(entry).toFile())) {
          jar.stream()
              .filter(e -> NATIVE.matcher(e.getName()).matches())
              .forEach(e -> found.add(entry + ": " + e.getName()));
        }
      }
    }
    assertTrue(jars > 3, "expected the libraries on the class path, found " + jars + " jars");
    assertEquals(List.of(), found);
  }
}
