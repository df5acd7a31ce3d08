package nibble.kernels.lowbit;

/** The specification. */
final class ScalarGroupCodes implements GroupCodes {
  @Override
  public void plane(
      int bits,
      int size,
      int n,
      byte[] packed,
      int at,
      float scale,
      float least,
      float[] out,
      int to) {
    plane(bits, size, n, 0, packed, at, scale, least, out, to);
  }

  /** The codes of bytes {@code from} to {@code n - 1}. */
  static void plane(
      int bits,
      int size,
      int n,
      int from,
      byte[] packed,
      int at,
      float scale,
      float least,
      float[] out,
      int to) {
    int mask = (1 << bits) - 1;
    for (int j = 0; j * n < size; j++) {
      for (int i = from; i < n && i + j * n < size; i++) {
        out[to + j * n + i] =
            Math.fma((float) (packed[at + i] >>> (j * bits) & mask), scale, least);
      }
    }
  }
}
