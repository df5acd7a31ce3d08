package nibble.loaders.json;

/**
 * What a document may hold before it is rejected.
 *
 * @param characters length of the document
 * @param depth nested objects and arrays
 * @param stringLength characters of one string
 */
public record JsonLimits(long characters, int depth, int stringLength) {
  /**
   * Fits every configuration and tokenizer file seen in practice: 256 million characters, 100
   * levels, strings of 16 million characters.
   */
  public static final JsonLimits DEFAULTS = new JsonLimits(256L << 20, 100, 16_000_000);

  public JsonLimits {
    if (characters < 1 || depth < 1 || stringLength < 1) {
      throw new IllegalArgumentException("limits must be positive");
    }
  }
}
