package nibble.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Arrays;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.ExitStatus;
import nibble.cli.terminal.Reasons;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Turns every way to fail into one line on stderr and an exit status. */
final class Failures {
  private Failures() {}

  static boolean wantsStackTrace(String... args) {
    return Arrays.asList(args).contains("--stacktrace");
  }

  /** A command line that picocli cannot parse. */
  static int usage(ParameterException failure, String... args) {
    CommandLine at = failure.getCommandLine();
    PrintWriter err = at.getErr();
    line(
        err,
        "%s; see '%s --help'"
            .formatted(
                Misspelling.in(failure).orElseGet(() -> oneLine(failure.getMessage())),
                at.getCommandSpec().qualifiedName()));
    if (wantsStackTrace(args)) {
      failure.printStackTrace(err);
    }
    return ExitStatus.USAGE;
  }

  /**
   * A command that ended with an exception or an error. Silent when the process was told to stop:
   * what failed then, failed because of that.
   */
  static int report(Throwable failure, PrintWriter err, boolean stackTrace) {
    if (isEnding()) {
      return ExitStatus.INTERRUPTED;
    }
    line(err, message(failure));
    if (stackTrace) {
      failure.printStackTrace(err);
      err.flush();
    }
    return failure instanceof CommandFailure known ? known.status() : ExitStatus.FAILURE;
  }

  /**
   * The result could not be written: silent when the reader went away, as in {@code nibble ... |
   * head}.
   */
  static int resultNotWritten(IOException failure, int status, PrintWriter err) {
    String reason = Reasons.of(failure);
    if (!reason.contains("Broken pipe")) {
      line(err, "stdout: cannot write the result (%s)".formatted(reason));
    }
    return status == ExitStatus.DONE ? ExitStatus.FAILURE : status;
  }

  private static boolean isEnding() {
    Thread probe = new Thread(() -> {});
    try {
      Runtime.getRuntime().addShutdownHook(probe);
      Runtime.getRuntime().removeShutdownHook(probe);
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  private static String message(Throwable failure) {
    return switch (failure) {
      case OutOfMemoryError e ->
          "out of memory (%s, heap limit %,d MiB); give Java more with NIBBLE_JAVA_OPTIONS=-Xmx4g, or choose a smaller batch"
              .formatted(text(e), Runtime.getRuntime().maxMemory() >> 20);
      case StackOverflowError e -> "out of stack; this is a bug, --stacktrace shows where";
      case UncheckedIOException e when e.getCause() != null -> oneLine(Reasons.line(e.getCause()));
      case IOException e -> oneLine(Reasons.line(e));
      case NullPointerException e -> bug(e);
      case IndexOutOfBoundsException e -> bug(e);
      case ClassCastException e -> bug(e);
      case AssertionError e -> bug(e);
      default -> failure.getMessage() == null ? bug(failure) : oneLine(failure.getMessage());
    };
  }

  private static String bug(Throwable failure) {
    return "unexpected %s (%s); this is a bug, --stacktrace shows where"
        .formatted(failure.getClass().getSimpleName(), text(failure));
  }

  private static String text(Throwable failure) {
    return failure.getMessage() == null ? "no message" : oneLine(failure.getMessage());
  }

  private static String oneLine(@Nullable String message) {
    return message == null ? "" : message.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  private static void line(PrintWriter err, String message) {
    err.println("nibble: " + message);
    err.flush();
  }
}
