package nibble.loaders.tokenizer;

/**
 * How encodings are filled up to one length.
 *
 * @param side where padding goes
 * @param id id of padding tokens
 * @param typeId their type id
 * @param length tokens that every encoding gets; 0: as many as the longest of the batch has
 * @param multipleOf the length is rounded up to a multiple of this; 1: it is not
 */
public record Padding(Side side, int id, int typeId, int length, int multipleOf) {
  public Padding {
    if (length < 0 || multipleOf < 1) {
      throw new IllegalArgumentException(
          "length must not be negative and multipleOf positive, were %d and %d"
              .formatted(length, multipleOf));
    }
  }

  /** Padding with {@code id} behind shorter encodings, up to the length of the longest. */
  public static Padding right(int id) {
    return new Padding(Side.RIGHT, id, 0, 0, 1);
  }

  /** The length that encodings get of which the longest has {@code longest} tokens. */
  int lengthFor(int longest) {
    int wanted = length == 0 ? longest : length;
    return Math.multiplyExact(Math.ceilDiv(wanted, multipleOf), multipleOf);
  }
}
