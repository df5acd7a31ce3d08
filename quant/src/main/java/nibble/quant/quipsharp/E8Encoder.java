package nibble.quant.quipsharp;

import nibble.nn.packed.E8Lattice;

/**
 * The nearest point of {@link E8Lattice}, exactly; of equally near ones the one with the smaller
 * vector, moved up.
 */
final class E8Encoder {
  private static final int N = E8Lattice.DIMENSIONS;
  private static final double MOVE = 0.25;
  private static final double[] HALVES = new double[E8Lattice.VECTORS * N];
  private static final double[] NORMS = new double[E8Lattice.VECTORS];
  private static final boolean[] ODD = new boolean[E8Lattice.VECTORS];

  static {
    for (int v = 0; v < E8Lattice.VECTORS; v++) {
      ODD[v] = E8Lattice.isOdd(v);
      for (int i = 0; i < N; i++) {
        HALVES[v * N + i] = E8Lattice.half(v, i);
        NORMS[v] += HALVES[v * N + i] * HALVES[v * N + i];
      }
    }
  }

  private E8Encoder() {}

  /** The code of {@code x[at .. at + 8)}. */
  static short encode(double[] x, int at) {
    Best up = best(x, at, MOVE);
    Best down = best(x, at, -MOVE);
    return up.distance <= down.distance ? up.code(1) : down.code(0);
  }

  /**
   * The best vector for one of the moves.
   *
   * @param distance squared, without the part that all vectors of both moves share
   * @param signs bit {@code 7 - i} is set where channel i is negative
   */
  private record Best(int vector, int signs, double distance) {
    short code(int move) {
      return (short) (vector << 8 | signs & 0xFE | move);
    }
  }

  /**
   * Signs follow x; where their number has the wrong parity, the one whose change costs least is
   * turned: {@code 4 |x_i| s_i}.
   */
  private static Best best(double[] x, int at, double move) {
    double[] magnitudes = new double[N];
    int signs = 0;
    double norm = 0;
    for (int i = 0; i < N; i++) {
      double value = x[at + i] - move;
      magnitudes[i] = Math.abs(value);
      norm += value * value;
      signs |= value < 0 ? 1 << (N - 1 - i) : 0;
    }
    boolean odd = (Integer.bitCount(signs) & 1) == 1;
    int vector = 0;
    int turned = -1;
    double least = Double.POSITIVE_INFINITY;
    for (int v = 0; v < E8Lattice.VECTORS; v++) {
      double distance = NORMS[v];
      double cheapest = Double.POSITIVE_INFINITY;
      int channel = -1;
      for (int i = 0; i < N; i++) {
        double product = magnitudes[i] * HALVES[v * N + i];
        distance -= 2 * product;
        if (product < cheapest) {
          cheapest = product;
          channel = i;
        }
      }
      boolean repair = odd != ODD[v];
      distance += repair ? 4 * cheapest : 0;
      if (distance < least) {
        least = distance;
        vector = v;
        turned = repair ? channel : -1;
      }
    }
    return new Best(vector, turned < 0 ? signs : signs ^ 1 << (N - 1 - turned), norm + least);
  }
}
