package nibble.loaders.hub;

import org.jspecify.annotations.Nullable;

/**
 * A model could not be downloaded. The message is one line: the model or file, what the hub
 * answered, what to do.
 */
public final class HubException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST = 600;

  /**
   * An error with a message for the user; control characters in it, which a server may have sent,
   * are replaced.
   */
  public HubException(String message) {
    this(message, null);
  }

  /** An error with a message for the user, and what led to it. */
  public HubException(String message, @Nullable Throwable cause) {
    super(printable(message), cause);
  }

  private static String printable(String message) {
    String line = message.replaceAll("[\\p{Cntrl}\u2028\u2029]", " ");
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + " ...";
  }
}
