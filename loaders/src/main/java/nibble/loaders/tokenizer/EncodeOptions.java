package nibble.loaders.tokenizer;

import org.jspecify.annotations.Nullable;

/**
 * How text is encoded.
 *
 * @param addSpecial whether special tokens are put around the text
 * @param matchSpecial whether special tokens that are written out in the text count as such;
 *     without, a text such as {@code "<s>"} is plain text
 * @param truncation how long the result may become; null: as long as it is
 */
public record EncodeOptions(
    boolean addSpecial, boolean matchSpecial, @Nullable Truncation truncation) {
  /** Special tokens around the text and in it, any length. */
  public static final EncodeOptions DEFAULTS = new EncodeOptions(true, true, null);

  /** These options with or without special tokens around the text. */
  public EncodeOptions withAddSpecial(boolean value) {
    return new EncodeOptions(value, matchSpecial, truncation);
  }

  /** These options with or without special tokens in the text. */
  public EncodeOptions withMatchSpecial(boolean value) {
    return new EncodeOptions(addSpecial, value, truncation);
  }

  /** These options with at most {@code maxLength} tokens. */
  public EncodeOptions withMaxLength(int maxLength) {
    return withTruncation(Truncation.to(maxLength));
  }

  /** These options with {@code value}; null: no truncation. */
  public EncodeOptions withTruncation(@Nullable Truncation value) {
    return new EncodeOptions(addSpecial, matchSpecial, value);
  }
}
