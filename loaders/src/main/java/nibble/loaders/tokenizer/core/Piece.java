package nibble.loaders.tokenizer.core;

/**
 * A part of the text between two steps.
 *
 * @param text what it says now
 * @param token id of the added token that it is; -1 if it is text yet to be tokenized
 */
public record Piece(AlignedText text, int token) {
  /** Text yet to be tokenized. */
  public static Piece of(AlignedText text) {
    return new Piece(text, -1);
  }

  /** Whether it is an added token, which later steps leave alone. */
  public boolean isToken() {
    return token >= 0;
  }
}
