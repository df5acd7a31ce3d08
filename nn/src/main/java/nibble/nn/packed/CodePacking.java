package nibble.nn.packed;

/**
 * Codes in 32-bit words, as the {@code pack-quantized} format of compressed-tensors stores them.
 *
 * <p>A signed code is stored as {@code code + 2^(b-1)}. Along the packed axis the codes form one
 * stream of bits: code {@code i} occupies bits {@code i b .. i b + b - 1}, bit {@code k} of the
 * stream being bit {@code k mod 32} of word {@code k / 32}. So 4-bit codes are eight nibbles a word
 * and 8-bit codes four bytes a word, lowest first; a 3, 5, 6 or 7-bit code may span two words. Each
 * row starts on a new word; bits after its last code are 0.
 *
 * <p>Source: {@code pack_to_int32} of compressed-tensors. Its releases before the dense layout put
 * {@code 32 / b} codes in a word and left the rest empty; both agree for 2, 4 and 8 bits.
 */
public final class CodePacking {
  private CodePacking() {}

  /** Words that {@code count} codes of {@code bits} bits occupy. */
  public static int wordsFor(int count, int bits) {
    return Math.toIntExact(Math.ceilDiv((long) count * bits, 32));
  }

  /**
   * Packs {@code codes [rows, columns]} along the columns.
   *
   * @return {@code [rows, wordsFor(columns, bits)]}
   */
  public static int[] pack(byte[] codes, int rows, int columns, int bits) {
    check(codes.length, rows, columns, bits);
    int wordsPerRow = wordsFor(columns, bits);
    int[] words = new int[Math.multiplyExact(rows, wordsPerRow)];
    for (int row = 0; row < rows; row++) {
      packStream(codes, row * columns, 1, columns, bits, words, row * wordsPerRow, 1);
    }
    return words;
  }

  /**
   * Packs {@code codes [rows, columns]} along the rows, as zero points are stored.
   *
   * @return {@code [wordsFor(rows, bits), columns]}
   */
  public static int[] packColumns(byte[] codes, int rows, int columns, int bits) {
    check(codes.length, rows, columns, bits);
    int[] words = new int[Math.multiplyExact(wordsFor(rows, bits), columns)];
    for (int column = 0; column < columns; column++) {
      packStream(codes, column, columns, rows, bits, words, column, columns);
    }
    return words;
  }

  /**
   * Restores what {@link #pack} packed.
   *
   * @throws IllegalArgumentException if the number of words does not fit
   */
  public static byte[] unpack(int[] words, int rows, int columns, int bits) {
    int wordsPerRow = wordsFor(columns, bits);
    checkWords(words.length, Math.multiplyExact(rows, wordsPerRow), rows, columns, bits);
    byte[] codes = new byte[Math.multiplyExact(rows, columns)];
    for (int row = 0; row < rows; row++) {
      unpackStream(words, row * wordsPerRow, 1, codes, row * columns, 1, columns, bits);
    }
    return codes;
  }

  /**
   * Restores what {@link #packColumns} packed.
   *
   * @throws IllegalArgumentException if the number of words does not fit
   */
  public static byte[] unpackColumns(int[] words, int rows, int columns, int bits) {
    checkWords(
        words.length, Math.multiplyExact(wordsFor(rows, bits), columns), rows, columns, bits);
    byte[] codes = new byte[Math.multiplyExact(rows, columns)];
    for (int column = 0; column < columns; column++) {
      unpackStream(words, column, columns, codes, column, columns, rows, bits);
    }
    return codes;
  }

  private static void packStream(
      byte[] codes,
      int from,
      int stride,
      int count,
      int bits,
      int[] words,
      int firstWord,
      int wordStride) {
    int offset = 1 << (bits - 1);
    long pending = 0;
    int pendingBits = 0;
    int word = firstWord;
    for (int i = 0; i < count; i++) {
      int unsigned = codes[from + i * stride] + offset;
      if (unsigned >>> bits != 0) {
        throw new IllegalArgumentException(
            "code %d does not fit %d bits".formatted(codes[from + i * stride], bits));
      }
      pending |= (long) unsigned << pendingBits;
      pendingBits += bits;
      if (pendingBits >= 32) {
        words[word] = (int) pending;
        word += wordStride;
        pending >>>= 32;
        pendingBits -= 32;
      }
    }
    if (pendingBits > 0) {
      words[word] = (int) pending;
    }
  }

  private static void unpackStream(
      int[] words,
      int firstWord,
      int wordStride,
      byte[] codes,
      int to,
      int stride,
      int count,
      int bits) {
    int offset = 1 << (bits - 1);
    int mask = (1 << bits) - 1;
    long pending = 0;
    int pendingBits = 0;
    int word = firstWord;
    for (int i = 0; i < count; i++) {
      if (pendingBits < bits) {
        pending |= (words[word] & 0xFFFFFFFFL) << pendingBits;
        pendingBits += 32;
        word += wordStride;
      }
      codes[to + i * stride] = (byte) (((int) pending & mask) - offset);
      pending >>>= bits;
      pendingBits -= bits;
    }
  }

  private static void check(int length, int rows, int columns, int bits) {
    if (bits < 1 || bits > 8) {
      throw new IllegalArgumentException("bit width must be from 1 to 8, was " + bits);
    }
    if (length != Math.multiplyExact(rows, columns)) {
      throw new IllegalArgumentException(
          "[%d, %d] needs %d codes, found %d".formatted(rows, columns, rows * columns, length));
    }
  }

  private static void checkWords(int found, int expected, int rows, int columns, int bits) {
    if (bits < 1 || bits > 8) {
      throw new IllegalArgumentException("bit width must be from 1 to 8, was " + bits);
    }
    if (found != expected) {
      throw new IllegalArgumentException(
          "%d-bit codes [%d, %d] need %d words, found %d"
              .formatted(bits, rows, columns, expected, found));
    }
  }
}
