package nibble.tensor;

import nibble.kernels.gemm.Epilogue;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.gemm.PackedMatrix;
import org.jspecify.annotations.Nullable;

/** Rows of the derivative table that multiply matrices. */
final class Matmul {
  private Matmul() {}

  /**
   * {@code x w^T} with a packed weight, and what {@code epilogue} does to it; not differentiable.
   */
  static Tensor packedLinear(Engine engine, Tensor x, PackedMatrix w, Epilogue epilogue) {
    if (x.rank() < 1 || x.dim(-1) != w.in()) {
      throw new IllegalArgumentException(
          "linear needs x [..., %d], got %s".formatted(w.in(), x.shape()));
    }
    Tensor out = engine.empty(x.shape().with(-1, w.out()));
    int rows = w.in() == 0 ? 0 : (int) (x.size() / w.in());
    engine
        .gemm()
        .multiply(
            rows,
            x.array(),
            x.offset(),
            w.in(),
            w,
            epilogue,
            out.array(),
            out.offset(),
            w.out(),
            engine.splitter());
    return out;
  }

  /**
   * {@code x [..., in]}, {@code w [out, in]}, optionally {@code bias [out]}: {@code x w^T + bias}.
   */
  record Linear() implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor x = in[0];
      Tensor w = in[1];
      if (w.rank() != 2 || x.rank() < 1 || x.dim(-1) != w.dim(1)) {
        throw new IllegalArgumentException(
            "linear needs x [..., in] and w [out, in], got %s and %s"
                .formatted(x.shape(), w.shape()));
      }
      Tensor out = engine.empty(x.shape().with(-1, w.dim(0)));
      int rows = rows(x);
      if (in.length == 3) {
        fillRows(engine, in[2], rows, w.dim(0), out);
      }
      engine
          .gemm()
          .gemm(
              rows,
              w.dim(0),
              w.dim(1),
              1,
              x.array(),
              x.offset(),
              w.dim(1),
              1,
              w.array(),
              w.offset(),
              1,
              w.dim(1),
              in.length == 3,
              out.array(),
              out.offset(),
              w.dim(0),
              engine.splitter());
      return out;
    }

    private static void fillRows(Engine engine, Tensor bias, int rows, int columns, Tensor out) {
      if (bias.size() != columns) {
        throw new IllegalArgumentException(
            "linear needs a bias [%d], got %s".formatted(columns, bias.shape()));
      }
      engine.blocks(
          rows,
          columns,
          (from, to, scratch) -> {
            for (int row = from; row < to; row++) {
              System.arraycopy(
                  bias.array(), bias.offset(), out.array(), out.offset() + row * columns, columns);
            }
          });
    }

    /** {@code dx = g w}, {@code dw = g^T x}, {@code dbias = column sums of g}. */
    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor x = in[0];
      Tensor w = in[1];
      Gemm gemm = engine.gemm();
      int rows = rows(x);
      int outs = w.dim(0);
      int ins = w.dim(1);
      @Nullable Tensor[] result = new Tensor[in.length];
      if (wanted[0]) {
        Tensor dx = engine.empty(x.shape());
        gemm.gemm(
            rows,
            ins,
            outs,
            1,
            grad.array(),
            grad.offset(),
            outs,
            1,
            w.array(),
            w.offset(),
            ins,
            1,
            false,
            dx.array(),
            dx.offset(),
            ins,
            engine.splitter());
        result[0] = dx;
      }
      if (wanted[1]) {
        Tensor dw = engine.empty(w.shape());
        gemm.gemm(
            outs,
            ins,
            rows,
            1,
            grad.array(),
            grad.offset(),
            1,
            outs,
            x.array(),
            x.offset(),
            ins,
            1,
            false,
            dw.array(),
            dw.offset(),
            ins,
            engine.splitter());
        result[1] = dw;
      }
      if (in.length == 3 && wanted[2]) {
        Tensor db = engine.empty(in[2].shape());
        Reduction.sumMiddle(engine, grad, 1, rows, outs, db);
        result[2] = db;
      }
      return result;
    }

    private static int rows(Tensor x) {
      return x.dim(-1) == 0 ? 0 : (int) (x.size() / x.dim(-1));
    }
  }

  /**
   * {@code a b}, or {@code a b^T} if {@code transposed}, over leading batch axes that are equal or
   * absent on one side.
   */
  record Product(boolean transposed) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Batch batch = Batch.of(in[0], in[1], transposed);
      Tensor out = engine.empty(batch.shape);
      batch.run(
          engine,
          batch.m,
          batch.n,
          batch.k,
          new Side(in[0], batch.aStep, batch.k, 1),
          transposed
              ? new Side(in[1], batch.bStep, 1, batch.k)
              : new Side(in[1], batch.bStep, batch.n, 1),
          out,
          batch.m * batch.n);
      return out;
    }

    /**
     * {@code da = g b^T}, {@code db = a^T g}, or with a transposed b {@code da = g b}, {@code db =
     * g^T a}.
     */
    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Batch batch = Batch.of(in[0], in[1], transposed);
      int m = batch.m;
      int n = batch.n;
      int k = batch.k;
      @Nullable Tensor[] result = new Tensor[2];
      if (wanted[0]) {
        Tensor da = engine.empty(in[0].shape());
        Side b =
            transposed ? new Side(in[1], batch.bStep, k, 1) : new Side(in[1], batch.bStep, 1, n);
        batch.run(engine, m, k, n, new Side(grad, m * n, n, 1), b, da, batch.aStep);
        result[0] = da;
      }
      if (wanted[1]) {
        Tensor db = engine.empty(in[1].shape());
        if (transposed) {
          batch.run(
              engine,
              n,
              k,
              m,
              new Side(grad, m * n, 1, n),
              new Side(in[0], batch.aStep, k, 1),
              db,
              batch.bStep);
        } else {
          batch.run(
              engine,
              k,
              n,
              m,
              new Side(in[0], batch.aStep, 1, k),
              new Side(grad, m * n, n, 1),
              db,
              batch.bStep);
        }
        result[1] = db;
      }
      return result;
    }
  }

  /**
   * One operand: elements from one matrix of the batch to the next (0: the same for all), and the
   * strides in a matrix.
   */
  private record Side(Tensor tensor, int step, int row, int column) {
    int at(int index) {
      return tensor.offset() + index * step;
    }
  }

  /** The sizes of a batched product. */
  private record Batch(Shape shape, int count, int m, int n, int k, int aStep, int bStep) {
    static Batch of(Tensor a, Tensor b, boolean transposed) {
      if (a.rank() < 2
          || b.rank() < 2
          || a.dim(-1) != b.dim(transposed ? -1 : -2)
          || !batchesAgree(a, b)) {
        throw new IllegalArgumentException(
            "%s needs %s, got %s and %s"
                .formatted(
                    transposed ? "matmulTransposed" : "matmul",
                    transposed ? "[..., m, k] and [..., n, k]" : "[..., m, k] and [..., k, n]",
                    a.shape(),
                    b.shape()));
      }
      int m = a.dim(-2);
      int n = b.dim(transposed ? -2 : -1);
      int k = a.dim(-1);
      Shape shape = (a.rank() >= b.rank() ? a : b).shape().with(-1, n).with(-2, m);
      int count = 1;
      for (int axis = 0; axis < shape.rank() - 2; axis++) {
        count *= shape.dim(axis);
      }
      return new Batch(shape, count, m, n, k, a.rank() > 2 ? m * k : 0, b.rank() > 2 ? n * k : 0);
    }

    private static boolean batchesAgree(Tensor a, Tensor b) {
      if (a.rank() == 2 || b.rank() == 2) {
        return true;
      }
      if (a.rank() != b.rank()) {
        return false;
      }
      for (int axis = 0; axis < a.rank() - 2; axis++) {
        if (a.dim(axis) != b.dim(axis)) {
          return false;
        }
      }
      return true;
    }

    /** {@code c = a b} for every matrix; {@code cStep} 0 sums over the batch. */
    void run(Engine engine, int rows, int columns, int depth, Side a, Side b, Tensor c, int cStep) {
      float[] x = a.tensor.array();
      float[] y = b.tensor.array();
      float[] z = c.array();
      if (count == 1 || cStep == 0) {
        for (int i = 0; i < count; i++) {
          engine
              .gemm()
              .gemm(
                  rows,
                  columns,
                  depth,
                  1,
                  x,
                  a.at(i),
                  a.row,
                  a.column,
                  y,
                  b.at(i),
                  b.row,
                  b.column,
                  i > 0,
                  z,
                  c.offset(),
                  columns,
                  engine.splitter());
        }
        return;
      }
      engine
          .splitter()
          .run(
              count,
              (i, scratch) ->
                  engine
                      .gemm()
                      .gemm(
                          rows,
                          columns,
                          depth,
                          1,
                          x,
                          a.at(i),
                          a.row,
                          a.column,
                          y,
                          b.at(i),
                          b.row,
                          b.column,
                          false,
                          z,
                          c.offset() + i * cStep,
                          columns,
                          scratch));
    }
  }
}
