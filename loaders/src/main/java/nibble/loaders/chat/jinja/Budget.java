package nibble.loaders.chat.jinja;

/** Work that a template may do: steps, and characters or elements made. */
final class Budget {
  private static final long WORK = 5_000_000;
  static final int LONGEST_OUTPUT = 16_000_000;

  private long left = WORK;

  /** Counts {@code work}. Throws {@link JinjaException} once it is too much. */
  void spend(long work) {
    left -= work;
    if (left < 0) {
      throw new JinjaException(
          "the template does too much work; more than " + WORK + " steps and characters");
    }
  }

  /** Refuses more output than a prompt can have. */
  static void output(int length) {
    if (length > LONGEST_OUTPUT) {
      throw new JinjaException("the template writes more than " + LONGEST_OUTPUT + " characters");
    }
  }
}
