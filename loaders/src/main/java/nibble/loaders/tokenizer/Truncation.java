package nibble.loaders.tokenizer;

/**
 * How long an encoding may become.
 *
 * @param maxLength most tokens, special ones included; at least 1
 * @param side where tokens are dropped
 * @param strategy which of two texts loses tokens
 */
public record Truncation(int maxLength, Side side, Strategy strategy) {
  /** Which of two texts loses tokens. */
  public enum Strategy {
    /** The longer one; once both are equally long, both. */
    LONGEST_FIRST,
    /** The first one. */
    ONLY_FIRST,
    /** The second one. */
    ONLY_SECOND
  }

  public Truncation {
    if (maxLength < 1) {
      throw new IllegalArgumentException(
          "an encoding needs room for at least 1 token, was " + maxLength);
    }
  }

  /** At most {@code maxLength} tokens; the end of the longer text is dropped. */
  public static Truncation to(int maxLength) {
    return new Truncation(maxLength, Side.RIGHT, Strategy.LONGEST_FIRST);
  }
}
