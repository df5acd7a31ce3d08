package nibble.kernels.lowbit;

/**
 * Tables of the sums {@code +-x[0] +-x[1] ...} of a few activations, indexed by the bits of their
 * signs.
 */
final class LutTables {
  private LutTables() {}

  /**
   * Writes the {@code 2^count} sums of {@code x[from .. from + count)}, as the bits of floats; bit
   * {@code i} of the index set means {@code +x[i]}. Activations from {@code limit} on count as
   * zero. One addition for each entry.
   */
  static void build(float[] x, int from, int count, int limit, int[] table, int at) {
    float lowest = 0;
    for (int i = 0; i < count && from + i < limit; i++) {
      lowest -= x[from + i];
    }
    table[at] = Float.floatToRawIntBits(lowest);
    for (int i = 0; i < count; i++) {
      float twice = from + i < limit ? 2 * x[from + i] : 0;
      int half = 1 << i;
      for (int c = 0; c < half; c++) {
        table[at + half + c] = Float.floatToRawIntBits(Float.intBitsToFloat(table[at + c]) + twice);
      }
    }
  }
}
