package nibble.loaders.chat.jinja;

/** A template that cannot be read or run; the message says at which line and why. */
public final class JinjaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with a message that names the line. */
  public JinjaException(String message) {
    super(message);
  }

  static JinjaException at(int line, String problem) {
    return new JinjaException("line " + line + ": " + problem);
  }
}
