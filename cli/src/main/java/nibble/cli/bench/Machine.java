package nibble.cli.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What is known of this machine and this Java. */
public final class Machine {
  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

  private Machine() {}

  /** Name of the processor where the system tells (Linux), otherwise its architecture. */
  public static String processor() {
    try {
      for (String line : Files.readAllLines(PROCESSORS)) {
        if (line.startsWith("model name")) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
    return System.getProperty("os.arch");
  }

  /** Version and maker of the running Java. */
  public static String java() {
    return "%s, %s".formatted(Runtime.version(), System.getProperty("java.vm.name"));
  }
}
