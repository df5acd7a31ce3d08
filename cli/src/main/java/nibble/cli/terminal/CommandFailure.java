package nibble.cli.terminal;

/**
 * A failure whose message is written for the user: one line that names what was found, what was
 * expected and what to do.
 */
public final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  private CommandFailure(int status, String message) {
    super(message);
    this.status = status;
  }

  /** Ends the command with {@link ExitStatus#FAILURE}. */
  public static CommandFailure failed(String message) {
    return new CommandFailure(ExitStatus.FAILURE, message);
  }

  /**
   * Ends the command with {@link ExitStatus#USAGE}: the options contradict each other or do not fit
   * the input.
   */
  public static CommandFailure usage(String message) {
    return new CommandFailure(ExitStatus.USAGE, message);
  }

  /** Ends the command with {@link ExitStatus#GATE_MISSED}. */
  public static CommandFailure gateMissed(String message) {
    return new CommandFailure(ExitStatus.GATE_MISSED, message);
  }

  /** Exit status of the process. */
  public int status() {
    return status;
  }
}
