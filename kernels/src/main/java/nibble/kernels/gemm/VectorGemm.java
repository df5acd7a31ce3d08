package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;

/**
 * Packed panels of B, packed tiles of A, cache blocks and register tiles, after Goto and van de
 * Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008.
 */
final class VectorGemm implements Gemm {
  /** Packed blocks of A, which all tasks read: they belong to the thread that called. */
  static final ThreadLocal<Scratch> SHARED = ThreadLocal.withInitial(Scratch::new);

  @Override
  public PackedMatrix pack(
      MemorySegment weights, long byteOffset, WeightType type, int out, int in) {
    Bounds.checkWeights(weights, byteOffset, type, out, in);
    return PackedPanels.pack(weights, byteOffset, type, out, in);
  }

  @Override
  public void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      PackedMatrix weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    if (!(weights instanceof PackedPanels packed)) {
      throw new IllegalArgumentException(
          "weights were packed by another Gemm, as " + weights.getClass().getSimpleName());
    }
    int n = packed.out();
    int k = packed.in();
    Bounds.checkMatrix("x", x.length, xOffset, rows, xStride, k, 1);
    Bounds.checkMatrix("out", out.length, outOffset, rows, outStride, n, 1);
    epilogue.check(rows, n, out, outOffset, outStride);
    if (rows > 0 && n > 0) {
      LeftOperand a = LeftOperand.rowMajor(x, xOffset, rows, k, xStride);
      new Product(a, packed, epilogue, out, outOffset, outStride).run(splitter, SHARED.get());
    }
  }

  @Override
  public void gemm(
      int m,
      int n,
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
      Scratch scratch) {
    check(m, n, k, a, aOffset, aRow, aColumn, b, bOffset, bRow, bColumn, c, cOffset, cRow);
    if (m == 0 || n == 0) {
      return;
    }
    if (ThinProduct.fits(m, bRow, bColumn)) {
      float[] row = scratch.floats(0, k);
      ThinProduct.columns(
          0,
          n,
          m,
          k,
          alpha,
          a,
          aOffset,
          aRow,
          aColumn,
          b,
          bOffset,
          bRow,
          bColumn,
          accumulate,
          c,
          cOffset,
          cRow,
          row);
    } else {
      StridedPanels panels = new StridedPanels(n, k, alpha, b, bOffset, bRow, bColumn);
      product(m, k, a, aOffset, aRow, aColumn, panels, accumulate, c, cOffset, cRow).run(scratch);
    }
  }

  @Override
  public void gemm(
      int m,
      int n,
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
      WorkSplitter splitter) {
    check(m, n, k, a, aOffset, aRow, aColumn, b, bOffset, bRow, bColumn, c, cOffset, cRow);
    if (m == 0 || n == 0) {
      return;
    }
    if (ThinProduct.fits(m, bRow, bColumn)) {
      int tasks = Blocking.tasks(m, n, k, splitter.workers());
      splitter.run(
          tasks,
          (task, scratch) ->
              ThinProduct.columns(
                  Blocking.part(n, task, tasks),
                  Blocking.part(n, task + 1, tasks),
                  m,
                  k,
                  alpha,
                  a,
                  aOffset,
                  aRow,
                  aColumn,
                  b,
                  bOffset,
                  bRow,
                  bColumn,
                  accumulate,
                  c,
                  cOffset,
                  cRow,
                  scratch.floats(0, k)));
    } else {
      StridedPanels panels = new StridedPanels(n, k, alpha, b, bOffset, bRow, bColumn);
      product(m, k, a, aOffset, aRow, aColumn, panels, accumulate, c, cOffset, cRow)
          .run(splitter, SHARED.get());
    }
  }

  private static Product product(
      int m,
      int k,
      float[] a,
      int aOffset,
      int aRow,
      int aColumn,
      StridedPanels b,
      boolean accumulate,
      float[] c,
      int cOffset,
      int cRow) {
    return new Product(
        new LeftOperand(a, aOffset, m, k, aRow, aColumn),
        b,
        Epilogue.NONE,
        accumulate,
        c,
        cOffset,
        cRow);
  }

  private static void check(
      int m,
      int n,
      int k,
      float[] a,
      int aOffset,
      int aRow,
      int aColumn,
      float[] b,
      int bOffset,
      int bRow,
      int bColumn,
      float[] c,
      int cOffset,
      int cRow) {
    Bounds.checkMatrix("A", a.length, aOffset, m, aRow, k, aColumn);
    Bounds.checkMatrix("B", b.length, bOffset, k, bRow, n, bColumn);
    Bounds.checkMatrix("C", c.length, cOffset, m, cRow, n, 1);
  }
}
