package nibble.cli.command;

import nibble.cli.terminal.CommandFailure;
import nibble.kernels.parallel.WorkSplitter;
import picocli.CommandLine.Option;

/** Options that every command takes. */
public final class CommonOptions {
  @Option(names = "--json", description = "Print the result as one JSON object.")
  private boolean json;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads to compute with (default: all processors).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of everything random (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(
      names = {"-q", "--quiet"},
      description = "No progress on stderr.")
  private boolean quiet;

  // The program looks for it among its arguments: it counts where they cannot be parsed, too.
  @SuppressWarnings("UnusedVariable")
  @Option(names = "--stacktrace", description = "Show where a failure happened.")
  private boolean stackTrace;

  /** For picocli. */
  public CommonOptions() {}

  boolean json() {
    return json;
  }

  boolean quiet() {
    return quiet;
  }

  long seed() {
    return seed;
  }

  int threads() {
    if (threads < 1 || threads > 1024) {
      throw CommandFailure.usage("--threads must be 1 to 1024, was " + threads);
    }
    return threads;
  }

  /** A splitter over the wanted number of threads; the caller closes it. */
  WorkSplitter openSplitter() {
    return WorkSplitter.ofThreads(threads());
  }
}
