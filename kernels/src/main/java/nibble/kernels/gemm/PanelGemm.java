package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/**
 * The vector FP32 product for weights that are unpacked as they are used: a block of a panel at a
 * time, so that the unpacked floats stay in a near cache. Needs {@code jdk.incubator.vector}.
 */
public final class PanelGemm {
  private static final Tile TILE = Tile.BEST;

  /** Rows of {@link #tile}. */
  public static final int TILE_ROWS = Tile.ROWS;

  private PanelGemm() {}

  /**
   * {@code out[r, :] = x[r, :] W^T + bias} for {@code rows} rows. Task scratch: float slot 1,
   * segment slot 1.
   *
   * @param bias {@code [out]}, or null
   */
  public static void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      PanelSource weights,
      float @Nullable [] bias,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    multiply(
        rows,
        x,
        xOffset,
        xStride,
        weights,
        Epilogue.ofBias(bias),
        out,
        outOffset,
        outStride,
        splitter);
  }

  /**
   * {@code out[r, :] = f(x[r, :] W^T + bias) + residual[r, :]} for {@code rows} rows, as {@link
   * Gemm#multiply}; the same scratch.
   */
  public static void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      PanelSource weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    Bounds.checkMatrix("x", x.length, xOffset, rows, xStride, weights.in(), 1);
    Bounds.checkMatrix("out", out.length, outOffset, rows, outStride, weights.out(), 1);
    epilogue.check(rows, weights.out(), out, outOffset, outStride);
    if (rows > 0) {
      LeftOperand a = LeftOperand.rowMajor(x, xOffset, rows, weights.in(), xStride);
      new Product(a, weights, epilogue, false, out, outOffset, outStride)
          .run(splitter, VectorGemm.SHARED.get());
    }
  }

  /** Columns of a panel. */
  public static int columns() {
    return TILE.columns();
  }

  /**
   * One register tile: {@code c[r, :] = sum over l of a[r, l] * panel[l, :]} for {@value
   * #TILE_ROWS} rows. Rows from {@code rows} on are computed again from row {@code rows - 1}, so
   * {@code a} is not read beyond its end.
   *
   * @param panel {@code [k, columns()]} from byte {@code panelAt} on
   * @param zeros at least {@code columns()} zeros
   * @param c {@code [TILE_ROWS, columns()]} from {@code cAt} on
   */
  public static void tile(
      int k,
      float[] a,
      int aAt,
      int aRow,
      int rows,
      MemorySegment panel,
      long panelAt,
      float[] zeros,
      float[] c,
      int cAt) {
    int columns = TILE.columns();
    TILE.many(k, a, aAt, aRow, rows, panel, panelAt, zeros, 0, 0, c, cAt, columns);
  }
}
