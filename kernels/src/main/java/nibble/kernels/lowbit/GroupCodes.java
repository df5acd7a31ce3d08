package nibble.kernels.lowbit;

import nibble.kernels.platform.VectorSupport;

/**
 * Groups of unsigned codes of 2, 3, 4 or 8 bits that are written one by one and read as floats
 * {@code scale * code + least}: rows of a cache.
 *
 * <p>A group of {@code size} codes is stored in planes of 1, 2, 4 or 8 bits; 3 bits are a plane of
 * the 2 lower ones and a plane of the highest. A plane of {@code b} bits has {@code n = ceil(size b
 * / 8)} bytes; bits {@code j b} and up of byte {@code i} are those of code {@code i + j n}. So
 * consecutive bytes hold consecutive codes, and groups of any size can be stored.
 */
public interface GroupCodes {
  /** Whether there is a layout for this bit width. */
  static boolean isSupported(int bits) {
    return bits == 2 || bits == 3 || bits == 4 || bits == 8;
  }

  /**
   * Bytes of a group.
   *
   * @throws IllegalArgumentException if there is no such bit width
   */
  static int bytes(int bits, int size) {
    if (!isSupported(bits)) {
      throw new IllegalArgumentException("groups of codes have 2, 3, 4 or 8 bits, not " + bits);
    }
    return bits == 3 ? planeBytes(2, size) + planeBytes(1, size) : planeBytes(bits, size);
  }

  /** Bytes of a plane. */
  private static int planeBytes(int bits, int size) {
    return Math.ceilDiv(size, 8 / bits);
  }

  /**
   * Stores a group.
   *
   * @param codes {@code [size]} from {@code from} on, each 0 to {@code 2^bits - 1}
   * @param packed receives {@link #bytes} bytes from {@code at} on
   */
  static void pack(int bits, int size, int[] codes, int from, byte[] packed, int at) {
    if (bits == 3) {
      packPlane(2, 0, size, codes, from, packed, at);
      packPlane(1, 2, size, codes, from, packed, at + planeBytes(2, size));
    } else {
      packPlane(bits, 0, size, codes, from, packed, at);
    }
  }

  private static void packPlane(
      int bits, int shift, int size, int[] codes, int from, byte[] packed, int at) {
    int n = planeBytes(bits, size);
    int mask = (1 << bits) - 1;
    for (int i = 0; i < n; i++) {
      int value = 0;
      for (int j = 0; i + j * n < size; j++) {
        value |= (codes[from + i + j * n] >>> shift & mask) << (j * bits);
      }
      packed[at + i] = (byte) value;
    }
  }

  /**
   * Reads a group: {@code out[i] = fma(code, scale, least)}; the highest bit of 3-bit codes is
   * added by a second multiply-add.
   *
   * @param packed as {@link #pack} wrote it, from {@code at} on
   * @param out receives {@code [size]} from {@code to} on
   */
  default void unpack(
      int bits, int size, byte[] packed, int at, float scale, float least, float[] out, int to) {
    if (bits == 3) {
      plane(2, size, planeBytes(2, size), packed, at, scale, least, out, to);
      addPlane(size, planeBytes(1, size), packed, at + planeBytes(2, size), 4 * scale, out, to);
    } else {
      plane(bits, size, planeBytes(bits, size), packed, at, scale, least, out, to);
    }
  }

  /** {@code out[i] = fma(code, scale, least)} of a plane of {@code n} bytes. */
  void plane(
      int bits,
      int size,
      int n,
      byte[] packed,
      int at,
      float scale,
      float least,
      float[] out,
      int to);

  /** {@code out[i] = fma(bit, scale, out[i])} of a plane of single bits. */
  private static void addPlane(
      int size, int n, byte[] packed, int at, float scale, float[] out, int to) {
    for (int j = 0; j * n < size; j++) {
      for (int i = 0; i < n && i + j * n < size; i++) {
        out[to + j * n + i] =
            Math.fma((float) (packed[at + i] >>> j & 1), scale, out[to + j * n + i]);
      }
    }
  }

  /** The best implementation for this machine. */
  static GroupCodes best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final GroupCodes INSTANCE =
        VectorSupport.choose(() -> new VectorGroupCodes(), () -> new ScalarGroupCodes());

    private Best() {}
  }
}
