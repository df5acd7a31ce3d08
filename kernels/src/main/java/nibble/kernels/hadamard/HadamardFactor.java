package nibble.kernels.hadamard;

import java.util.Arrays;
import java.util.Optional;

/**
 * Hadamard matrices {@code H_K} with entries +-1 and {@code H H^T = K I}, built without tables:
 * order 1 and 2, Paley's constructions I and II, Williamson's, and doubling. Covers every multiple
 * of 4 up to 256 except 116, 188, 232, 236 and 244.
 *
 * <p>Paley 1933 ("On orthogonal matrices"), Williamson 1944 ("Hadamard's determinant theorem and
 * the sum of four squares"). Not symmetric in general.
 */
public final class HadamardFactor {
  /** Largest order. */
  public static final int MAX_ORDER = 256;

  /**
   * Positions k (and t - k) with -1 in the first rows of Williamson's circulants A, B, C, D; order
   * 4t.
   */
  private static final int[][][] WILLIAMSON = {
    {{13}, {1, 3, 4}, {1, 2, 3}, {2, 4, 5}, {1, 2, 3, 4, 6}},
    {{23}, {3, 6, 7, 8, 10}, {1, 3, 5, 6, 9}, {3, 4, 6, 7, 8, 9, 11}, {2, 7, 8, 9}},
    {
      {25},
      {2, 5, 6, 8, 10, 11},
      {1, 2, 3, 4, 7, 11},
      {3, 4, 5, 6, 8, 9, 10, 11},
      {2, 3, 4, 5, 6, 8, 10, 12}
    },
    {
      {39},
      {3, 4, 6, 8, 9, 10, 11, 12, 14, 15, 18, 19},
      {4, 5, 6, 8, 9, 12, 13, 14, 15, 17, 19},
      {3, 4, 7, 9, 10, 11, 13, 15, 16, 18, 19},
      {1, 2, 3, 6, 8, 10, 11, 12, 13, 14, 18}
    },
    {
      {43},
      {1, 2, 3, 6, 7, 12, 14, 18, 21},
      {2, 9, 10, 11, 12, 14, 16, 17, 20},
      {3, 5, 8, 9, 11, 13, 18, 20, 21},
      {2, 3, 4, 9, 11, 12, 14, 15, 18, 19, 20, 21}
    },
  };

  private final int order;
  private final byte[] signs;

  private HadamardFactor(int order, byte[] signs) {
    this.order = order;
    this.signs = signs;
  }

  /** The matrix of order {@code order}, or empty if no construction here gives it. */
  public static Optional<HadamardFactor> of(int order) {
    if (order < 1 || order > MAX_ORDER || (order > 2 && order % 4 != 0)) {
      return Optional.empty();
    }
    byte[] signs = construct(order);
    return signs.length == 0 ? Optional.empty() : Optional.of(new HadamardFactor(order, signs));
  }

  /** K. */
  public int order() {
    return order;
  }

  /** Entry (row, column), +1 or -1. */
  public int sign(int row, int column) {
    return signs[row * order + column];
  }

  /** The matrix as floats, row-major {@code [K, K]}, or its transpose; a new array. */
  public float[] toFloats(boolean transposed) {
    float[] result = new float[order * order];
    for (int i = 0; i < order; i++) {
      for (int j = 0; j < order; j++) {
        result[i * order + j] = transposed ? sign(j, i) : sign(i, j);
      }
    }
    return result;
  }

  /** The signs, or an empty array if there is no construction. */
  private static byte[] construct(int n) {
    if (n == 1) {
      return new byte[] {1};
    }
    for (int[][] sets : WILLIAMSON) {
      if (n == 4 * sets[0][0]) {
        return williamson(sets);
      }
    }
    int q = n - 1;
    if (n % 4 == 0 && isPrime(q)) {
      return paleyOne(q);
    }
    int half = n / 2 - 1;
    if (n % 4 == 0 && half % 4 == 1 && isPrime(half)) {
      return paleyTwo(half);
    }
    return n == 2 || n % 8 == 0 || n == 4 ? doubled(construct(n / 2)) : new byte[0];
  }

  private static byte[] doubled(byte[] h) {
    int n = (int) Math.sqrt(h.length);
    byte[] result = new byte[4 * h.length];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        byte s = h[i * n + j];
        result[i * 2 * n + j] = s;
        result[i * 2 * n + n + j] = s;
        result[(n + i) * 2 * n + j] = s;
        result[(n + i) * 2 * n + n + j] = (byte) -s;
      }
    }
    return result;
  }

  /** {@code I + [[0, 1], [-1, J]]} with {@code J[i][j] = chi(j - i)}, for a prime q = 3 mod 4. */
  private static byte[] paleyOne(int q) {
    int[] chi = legendre(q);
    int n = q + 1;
    byte[] h = new byte[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        h[i * n + j] = (byte) (i == j || i == 0 ? 1 : j == 0 ? -1 : chi[Math.floorMod(j - i, q)]);
      }
    }
    return h;
  }

  /**
   * {@code C kron [[1, 1], [1, -1]] + I kron [[1, -1], [-1, -1]]}, {@code C = [[0, 1], [1, J]]},
   * for a prime q = 1 mod 4.
   */
  private static byte[] paleyTwo(int q) {
    int[] chi = legendre(q);
    int n = 2 * (q + 1);
    byte[] h = new byte[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        int bi = i / 2;
        int bj = j / 2;
        boolean corner = i % 2 == 1 && j % 2 == 1;
        int c = bi == 0 || bj == 0 ? 1 : chi[Math.floorMod(bj - bi, q)];
        int identity = i % 2 == 0 && j % 2 == 0 ? 1 : -1;
        h[i * n + j] = (byte) (bi == bj ? identity : corner ? -c : c);
      }
    }
    return h;
  }

  /**
   * {@code [[A, B, C, D], [-B, A, -D, C], [-C, D, A, -B], [-D, -C, B, A]]} of four symmetric
   * circulants.
   */
  private static byte[] williamson(int[][] sets) {
    int t = sets[0][0];
    int n = 4 * t;
    int[][] first = new int[4][t];
    for (int m = 0; m < 4; m++) {
      Arrays.fill(first[m], 1);
      for (int k : sets[m + 1]) {
        first[m][k] = -1;
        first[m][t - k] = -1;
      }
    }
    int[][] which = {{0, 1, 2, 3}, {1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}};
    int[][] sign = {{1, 1, 1, 1}, {-1, 1, -1, 1}, {-1, 1, 1, -1}, {-1, -1, 1, 1}};
    byte[] h = new byte[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        int bi = i / t;
        int bj = j / t;
        h[i * n + j] =
            (byte) (sign[bi][bj] * first[which[bi][bj]][Math.floorMod(j % t - i % t, t)]);
      }
    }
    return h;
  }

  /** {@code chi[d]}: 0 for 0, 1 for a square modulo q, otherwise -1. */
  private static int[] legendre(int q) {
    int[] chi = new int[q];
    Arrays.fill(chi, -1);
    for (int i = 1; i < q; i++) {
      chi[i * i % q] = 1;
    }
    chi[0] = 0;
    return chi;
  }

  private static boolean isPrime(int q) {
    for (int d = 2; d * d <= q; d++) {
      if (q % d == 0) {
        return false;
      }
    }
    return q > 1;
  }
}
