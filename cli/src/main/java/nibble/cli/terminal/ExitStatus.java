package nibble.cli.terminal;

/** What the process returns; scripts rely on these numbers. */
public final class ExitStatus {
  /** Done. */
  public static final int DONE = 0;

  /** Something went wrong; one line on stderr says what. */
  public static final int FAILURE = 1;

  /** The command line itself was wrong. */
  public static final int USAGE = 2;

  /** Everything ran, but a quality asked for was not reached. */
  public static final int GATE_MISSED = 3;

  /** Stopped by Ctrl-C (128 + SIGINT). */
  public static final int INTERRUPTED = 130;

  private ExitStatus() {}
}
