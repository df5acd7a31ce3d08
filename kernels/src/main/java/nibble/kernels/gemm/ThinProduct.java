package nibble.kernels.gemm;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * Products of a few rows of A with a B that is not packed: packing would take longer than the
 * product. Every element of C is summed in the same order wherever the columns are split.
 */
final class ThinProduct {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;

  private ThinProduct() {}

  /**
   * Whether the product is one of these: few rows, and elements of B that follow one another along
   * a row or a column.
   */
  static boolean fits(int m, int bRow, int bColumn) {
    return m <= Tile.FEW_ROWS && (bColumn == 1 || bRow == 1);
  }

  /**
   * Columns {@code from} to {@code to - 1} of C; other arguments as {@link Gemm#gemm}.
   *
   * @param row room for {@code k} floats
   */
  static void columns(
      int from,
      int to,
      int m,
      int k,
      float alpha,
      float[] a,
      int aOffset,
      int aRow,
      int aColumn,
      float[] b,
      int bOffset,
      int bRow,
      int bColumn,
      boolean accumulate,
      float[] c,
      int cOffset,
      int cRow,
      float[] row) {
    if (bColumn != 1) {
      for (int i = 0; i < m; i++) {
        gather(k, a, aOffset + i * aRow, aColumn, row);
        dots(from, to, k, alpha, row, b, bOffset, bColumn, accumulate, c, cOffset + i * cRow);
      }
      return;
    }
    for (int i = 0; i < m && !accumulate; i++) {
      Arrays.fill(c, cOffset + i * cRow + from, cOffset + i * cRow + to, 0);
    }
    int l = 0;
    for (;
        l < k - 3;
        l += 4) { // the rows of A inside: four rows of B stay in the first-level cache
      for (int i = 0; i < m; i++) {
        int at = aOffset + i * aRow + l * aColumn;
        float x0 = alpha * a[at];
        float x1 = alpha * a[at + aColumn];
        float x2 = alpha * a[at + 2 * aColumn];
        float x3 = alpha * a[at + 3 * aColumn];
        addRows(
            to - from,
            x0,
            x1,
            x2,
            x3,
            b,
            bOffset + l * bRow + from,
            bRow,
            c,
            cOffset + i * cRow + from);
      }
    }
    for (; l < k; l++) {
      for (int i = 0; i < m; i++) {
        float x = alpha * a[aOffset + i * aRow + l * aColumn];
        addRow(to - from, x, b, bOffset + l * bRow + from, c, cOffset + i * cRow + from);
      }
    }
  }

  private static void gather(int k, float[] a, int from, int stride, float[] row) {
    for (int l = 0; l < k; l++) {
      row[l] = a[from + l * stride];
    }
  }

  private static void addRows(
      int n,
      float x0,
      float x1,
      float x2,
      float x3,
      float[] b,
      int bAt,
      int bRow,
      float[] c,
      int cAt) {
    int b1 = bAt + bRow;
    int b2 = bAt + 2 * bRow;
    int b3 = bAt + 3 * bRow;
    int j = 0;
    for (; j <= n - LANES; j += LANES) {
      FloatVector sum = FloatVector.fromArray(F, c, cAt + j);
      sum = FloatVector.fromArray(F, b, bAt + j).fma(FloatVector.broadcast(F, x0), sum);
      sum = FloatVector.fromArray(F, b, b1 + j).fma(FloatVector.broadcast(F, x1), sum);
      sum = FloatVector.fromArray(F, b, b2 + j).fma(FloatVector.broadcast(F, x2), sum);
      sum = FloatVector.fromArray(F, b, b3 + j).fma(FloatVector.broadcast(F, x3), sum);
      sum.intoArray(c, cAt + j);
    }
    for (; j < n; j++) {
      float sum = Math.fma(b[b1 + j], x1, Math.fma(b[bAt + j], x0, c[cAt + j]));
      c[cAt + j] = Math.fma(b[b3 + j], x3, Math.fma(b[b2 + j], x2, sum));
    }
  }

  private static void addRow(int n, float x, float[] b, int bAt, float[] c, int cAt) {
    int j = 0;
    for (; j <= n - LANES; j += LANES) {
      FloatVector.fromArray(F, b, bAt + j)
          .fma(FloatVector.broadcast(F, x), FloatVector.fromArray(F, c, cAt + j))
          .intoArray(c, cAt + j);
    }
    for (; j < n; j++) {
      c[cAt + j] = Math.fma(b[bAt + j], x, c[cAt + j]);
    }
  }

  private static void dots(
      int from,
      int to,
      int k,
      float alpha,
      float[] row,
      float[] b,
      int bOffset,
      int bColumn,
      boolean accumulate,
      float[] c,
      int cAt) {
    for (int j = from; j < to; j++) {
      float dot = alpha * dot(k, row, b, bOffset + j * bColumn);
      c[cAt + j] = accumulate ? c[cAt + j] + dot : dot;
    }
  }

  private static float dot(int k, float[] row, float[] b, int bAt) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    int l = 0;
    for (; l <= k - 4 * LANES; l += 4 * LANES) { // four sums: a multiply-add takes four cycles
      s0 = FloatVector.fromArray(F, row, l).fma(FloatVector.fromArray(F, b, bAt + l), s0);
      s1 =
          FloatVector.fromArray(F, row, l + LANES)
              .fma(FloatVector.fromArray(F, b, bAt + l + LANES), s1);
      s2 =
          FloatVector.fromArray(F, row, l + 2 * LANES)
              .fma(FloatVector.fromArray(F, b, bAt + l + 2 * LANES), s2);
      s3 =
          FloatVector.fromArray(F, row, l + 3 * LANES)
              .fma(FloatVector.fromArray(F, b, bAt + l + 3 * LANES), s3);
    }
    for (; l <= k - LANES; l += LANES) {
      s0 = FloatVector.fromArray(F, row, l).fma(FloatVector.fromArray(F, b, bAt + l), s0);
    }
    float sum = Lanes.sum(s0.add(s1).add(s2.add(s3)));
    for (; l < k; l++) {
      sum = Math.fma(row[l], b[bAt + l], sum);
    }
    return sum;
  }
}
