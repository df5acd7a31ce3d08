package nibble.loaders.api;

/** Is given text while it is generated. */
@FunctionalInterface
public interface TextListener {
  /** Takes everything and does nothing with it. */
  TextListener NONE = piece -> true;

  /**
   * Called with each piece in order; the pieces put together are the whole text.
   *
   * @param piece whole characters, not empty
   * @return whether to go on; false ends the generation as {@link
   *     Generation.FinishReason#CANCELLED}
   */
  boolean onText(String piece);
}
