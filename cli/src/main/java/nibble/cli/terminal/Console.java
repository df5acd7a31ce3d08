package nibble.cli.terminal;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The two streams of a command: {@code out} takes the result and nothing else, {@code err} takes
 * progress and messages.
 *
 * @param terminal whether {@code err} is a screen, on which a line can be rewritten
 * @param quiet whether progress and notes are left out
 */
public record Console(PrintWriter out, PrintWriter err, boolean terminal, boolean quiet) {
  private static final Path STDERR_OF_LINUX = Path.of("/proc/self/fd/2");

  /**
   * Shows how far a task is; {@code total} and counts are in {@code unit}, a plural word such as
   * "images".
   */
  public Progress progress(String task, long total, String unit) {
    return new Progress(this, task, total, unit, System::nanoTime);
  }

  /** A line on {@code err}, unless quiet. */
  public void note(String line) {
    if (!quiet) {
      err.println(line);
      err.flush();
    }
  }

  /**
   * Whether the error stream of this process is a screen: exact on Linux, elsewhere whether the
   * process has a terminal at all.
   */
  public static boolean stderrIsTerminal() {
    try {
      if (Files.isSymbolicLink(STDERR_OF_LINUX)) {
        String target = Files.readSymbolicLink(STDERR_OF_LINUX).toString();
        return target.startsWith("/dev/pts/")
            || target.startsWith("/dev/tty")
            || target.equals("/dev/console");
      }
    } catch (IOException e) {
      return false;
    }
    java.io.Console console = System.console();
    return console != null && console.isTerminal();
  }
}
