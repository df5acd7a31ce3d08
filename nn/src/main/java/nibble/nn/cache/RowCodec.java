package nibble.nn.cache;

import nibble.nn.site.FunctionRecord;

/**
 * How the channels of one token, its keys or its values, become codes. A codec only looks at one
 * token, so tokens can be stored as they come. Immutable and thread-safe.
 *
 * <p>Codes of a token are packed bytes, with a few numbers in F16 beside them; channels that do not
 * fit are {@link Outliers}.
 */
public sealed interface RowCodec permits TokenGroups, ChannelLevels, TokenLevels {
  /** Bits of a code. */
  int bits();

  /**
   * Checks that it fits the channels of a layer.
   *
   * @param together consecutive channels that are decoded at once
   * @throws IllegalArgumentException if it does not
   */
  void check(int width, int together);

  /** Bytes of the codes of a token with {@code width} channels. */
  int codeBytes(int width);

  /** F16 numbers of a token. */
  int numbers(int width);

  /** Most channels of a token that may be kept in float. */
  int mostOutliers(int width);

  /**
   * Stores a token.
   *
   * @param x {@code [width]} from {@code at} on
   * @param codes receives {@link #codeBytes} bytes from {@code codesAt} on
   * @param numbers receives {@link #numbers} F16 numbers from {@code numbersAt} on
   * @param outliers receives the channels that are kept in float
   */
  void encode(
      int width,
      float[] x,
      int at,
      byte[] codes,
      int codesAt,
      short[] numbers,
      int numbersAt,
      Outliers outliers);

  /**
   * Reads channels {@code from} to {@code from + count - 1} of a token without its outliers; both
   * are multiples of what {@link #check} was told.
   *
   * @param out receives {@code [count]} from {@code to} on
   */
  void decode(
      int from,
      int count,
      byte[] codes,
      int codesAt,
      short[] numbers,
      int numbersAt,
      float[] out,
      int to);

  /** Everything needed to make it again. */
  FunctionRecord stored();

  /** In words: {@code INT4 g32}. */
  String format();

  /**
   * The codec that a record stands for.
   *
   * @throws IllegalArgumentException if its kind is not known or something in it does not fit
   */
  static RowCodec of(FunctionRecord record) {
    return switch (record.kind()) {
      case TokenGroups.KIND -> TokenGroups.of(record);
      case ChannelLevels.KIND -> ChannelLevels.of(record);
      case TokenLevels.KIND -> TokenLevels.of(record);
      default ->
          throw new IllegalArgumentException(
              "unknown codec '%s' of a cache; known are %s, %s, %s"
                  .formatted(
                      record.kind(), TokenGroups.KIND, ChannelLevels.KIND, TokenLevels.KIND));
    };
  }

  /** Channels of one token that are kept in float; at most as many as the codec said. */
  interface Outliers {
    void add(int channel, float value);
  }
}
