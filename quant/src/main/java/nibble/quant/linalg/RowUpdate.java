package nibble.quant.linalg;

/**
 * The inner loop of factorizations and error feedback: a row minus a combination of rows, written
 * so that the compiler vectorizes it.
 */
public final class RowUpdate {
  private RowUpdate() {}

  /**
   * {@code c[cFrom .. cFrom + n) -= sum over l < k of a[aFrom + l * aStride] * b[bFrom + l * bRow
   * .. + n)}. The array {@code c} must be neither {@code a} nor {@code b}: the loop is vectorized
   * only if the compiler sees that nothing overlaps.
   */
  public static void subtract(
      int n,
      int k,
      double[] a,
      int aFrom,
      int aStride,
      double[] b,
      int bFrom,
      int bRow,
      double[] c,
      int cFrom) {
    int l = 0;
    for (; l + 8 <= k; l += 8) {
      int at = aFrom + l * aStride;
      subtract8(n, a, at, aStride, b, bFrom + l * bRow, bRow, c, cFrom);
    }
    for (; l < k; l++) {
      double a0 = a[aFrom + l * aStride];
      int b0 = bFrom + l * bRow;
      for (int j = 0; j < n; j++) {
        c[cFrom + j] -= a0 * b[b0 + j];
      }
    }
  }

  /** Eight rows at once: one load and one store of {@code c} for eight products. */
  private static void subtract8(
      int n, double[] a, int at, int aStride, double[] b, int b0, int bRow, double[] c, int cFrom) {
    double a0 = a[at];
    double a1 = a[at + aStride];
    double a2 = a[at + 2 * aStride];
    double a3 = a[at + 3 * aStride];
    double a4 = a[at + 4 * aStride];
    double a5 = a[at + 5 * aStride];
    double a6 = a[at + 6 * aStride];
    double a7 = a[at + 7 * aStride];
    int b1 = b0 + bRow;
    int b2 = b1 + bRow;
    int b3 = b2 + bRow;
    int b4 = b3 + bRow;
    int b5 = b4 + bRow;
    int b6 = b5 + bRow;
    int b7 = b6 + bRow;
    for (int j = 0; j < n; j++) {
      c[cFrom + j] -=
          a0 * b[b0 + j]
              + a1 * b[b1 + j]
              + a2 * b[b2 + j]
              + a3 * b[b3 + j]
              + (a4 * b[b4 + j] + a5 * b[b5 + j] + a6 * b[b6 + j] + a7 * b[b7 + j]);
    }
  }

  static void checkSquare(double[] a, int n) {
    if (a.length != Math.multiplyExact(n, n)) {
      throw new IllegalArgumentException(
          "[%d, %d] needs %d values, found %d".formatted(n, n, (long) n * n, a.length));
    }
  }
}
