package nibble.nn.packed;

/**
 * The E8P codebook: 65,536 points of the lattice E8, moved by 1/4, for vectors of 8 numbers of
 * variance near 1; 2 bits a number.
 *
 * <p>Tseng and others: QuIP#, <a href="https://arxiv.org/abs/2402.04396">arXiv:2402.04396</a>,
 * section 4.2.
 *
 * <pre>{@code
 * code, 16 bits:   8: one of 256 vectors s of 1/2, 3/2, 5/2, 7/2     7: signs of channels 0 .. 6, 1 is minus     1: the move, 1 is +1/4, 0 is -1/4
 * point:           (+-s[0], ..., +-s[7]) +- 1/4                      the sign of channel 7 makes the sum of +-s even
 * }</pre>
 *
 * <p>The 256 vectors are the 227 of squared norm at most 10, and the first 29 of squared norm 12 in
 * the order of a dictionary. The authors chose another 29 of those 224, so codes are not those of
 * their files.
 */
public final class E8Lattice {
  /** Numbers that share a code. */
  public static final int DIMENSIONS = 8;

  /** Vectors before signs and move. */
  public static final int VECTORS = 256;

  private static final int CODES = 1 << 16;
  private static final int NEAR = 40; // squared norms in units of 1/4
  private static final int FAR = 48;

  private E8Lattice() {}

  /** Twice the 256 vectors, {@code [256, 8]}: odd numbers from 1 to 7. */
  private static final class Vectors {
    private static final byte[] DOUBLED = make();

    private Vectors() {}

    private static byte[] make() {
      byte[] vectors = new byte[VECTORS * DIMENSIONS];
      int near = add(vectors, 0, NEAR, true);
      int all = add(vectors, near, FAR, false);
      if (near != 227 || all != VECTORS) {
        throw new IllegalStateException("E8P has " + near + " near vectors and " + all + " in all");
      }
      return vectors;
    }

    private static int add(byte[] vectors, int filled, int norm, boolean upTo) {
      int count = filled;
      for (int index = 0; index < CODES && count < VECTORS; index++) {
        int sum = 0;
        for (int i = 0; i < DIMENSIONS; i++) {
          sum += square(index, i);
        }
        if (upTo ? sum <= norm : sum == norm) {
          for (int i = 0; i < DIMENSIONS; i++) {
            vectors[count * DIMENSIONS + i] =
                (byte) (2 * (index >>> 2 * (DIMENSIONS - 1 - i) & 3) + 1);
          }
          count++;
        }
      }
      return count;
    }

    private static int square(int index, int i) {
      int value = 2 * (index >>> 2 * (DIMENSIONS - 1 - i) & 3) + 1;
      return value * value;
    }
  }

  /** All points, {@code [65536, 8]}: 2 MiB, made when the first weight runs. */
  private static final class Points {
    private static final float[] ALL = make();

    private Points() {}

    private static float[] make() {
      float[] points = new float[CODES * DIMENSIONS];
      for (int code = 0; code < CODES; code++) {
        int vector = code >>> 8;
        float move = (code & 1) == 1 ? 0.25f : -0.25f;
        boolean odd = isOdd(vector);
        for (int i = 0; i < DIMENSIONS; i++) {
          boolean minus = i < DIMENSIONS - 1 ? (code >>> (DIMENSIONS - 1 - i) & 1) == 1 : odd;
          odd ^= minus;
          points[code * DIMENSIONS + i] = (minus ? -1 : 1) * half(vector, i) + move;
        }
      }
      return points;
    }
  }

  /** Channel {@code i} of vector {@code index}, positive. */
  public static float half(int index, int i) {
    return 0.5f * Vectors.DOUBLED[index * DIMENSIONS + i];
  }

  /**
   * Whether the channels of vector {@code index} have an odd sum, so that an odd number of signs
   * must be minus.
   */
  public static boolean isOdd(int index) {
    int sum = 0;
    for (int i = 0; i < DIMENSIONS; i++) {
      sum += Vectors.DOUBLED[index * DIMENSIONS + i];
    }
    return (sum / 2 & 1) == 1;
  }

  /** Adds {@code scale} times the point of {@code code} to {@code to[at .. at + 8)}. */
  public static void add(short code, float scale, float[] to, int at) {
    float[] points = Points.ALL;
    int from = (code & 0xFFFF) * DIMENSIONS;
    for (int i = 0; i < DIMENSIONS; i++) {
      to[at + i] += scale * points[from + i];
    }
  }
}
