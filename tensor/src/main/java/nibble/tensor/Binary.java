package nibble.tensor;

import java.util.Arrays;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.rowwise.Elementwise;
import org.jspecify.annotations.Nullable;

/** Rows of the derivative table that combine two tensors with broadcasting. */
enum Binary implements Operator {
  ADD(Saves.SHAPES) {
    @Override
    void combine(int count, float[] a, int aAt, float[] b, int bAt, float[] c, int cAt) {
      Elementwise.best().add(count, a, aAt, b, bAt, c, cAt);
    }

    @Override
    Tensor gradOfA(Engine engine, Tensor grad, Tensor[] in) {
      return grad;
    }

    @Override
    Tensor gradOfB(Engine engine, Tensor grad, Tensor[] in) {
      return grad;
    }
  },
  SUB(Saves.SHAPES) {
    @Override
    void combine(int count, float[] a, int aAt, float[] b, int bAt, float[] c, int cAt) {
      Elementwise.best().sub(count, a, aAt, b, bAt, c, cAt);
    }

    @Override
    Tensor gradOfA(Engine engine, Tensor grad, Tensor[] in) {
      return grad;
    }

    @Override
    Tensor gradOfB(Engine engine, Tensor grad, Tensor[] in) {
      return Pointwise.scaled(engine, grad, -1);
    }
  },
  MUL(Saves.INPUTS) {
    @Override
    void combine(int count, float[] a, int aAt, float[] b, int bAt, float[] c, int cAt) {
      Elementwise.best().mul(count, a, aAt, b, bAt, c, cAt);
    }

    @Override
    Tensor gradOfA(Engine engine, Tensor grad, Tensor[] in) {
      return MUL.forward(engine, grad, in[1]);
    }

    @Override
    Tensor gradOfB(Engine engine, Tensor grad, Tensor[] in) {
      return MUL.forward(engine, grad, in[0]);
    }
  },
  DIV(Saves.INPUTS) {
    @Override
    void combine(int count, float[] a, int aAt, float[] b, int bAt, float[] c, int cAt) {
      Elementwise.best().div(count, a, aAt, b, bAt, c, cAt);
    }

    @Override
    Tensor gradOfA(Engine engine, Tensor grad, Tensor[] in) {
      return DIV.forward(engine, grad, in[1]);
    }

    // d(a/b)/db = -(a/b)/b
    @Override
    Tensor gradOfB(Engine engine, Tensor grad, Tensor[] in) {
      Tensor slope = DIV.forward(engine, DIV.forward(engine, in[0], in[1]), in[1]);
      return Pointwise.scaled(engine, MUL.forward(engine, grad, slope), -1);
    }
  };

  private static final int SLOT_A = 8;
  private static final int SLOT_B = 9;
  private static final int CHUNK = 1024;

  private final Saves saves;

  Binary(Saves saves) {
    this.saves = saves;
  }

  /** {@code c = a o b} for {@code count} consecutive elements. */
  abstract void combine(int count, float[] a, int aAt, float[] b, int bAt, float[] c, int cAt);

  /**
   * Gradient of the first operand in the shape of the result; {@link #backward} sums it over
   * repeated axes.
   */
  abstract Tensor gradOfA(Engine engine, Tensor grad, Tensor[] in);

  abstract Tensor gradOfB(Engine engine, Tensor grad, Tensor[] in);

  @Override
  public Saves saves() {
    return saves;
  }

  @Override
  public @Nullable Tensor[] backward(
      Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
    return new @Nullable Tensor[] {
      wanted[0] ? Reduction.sumTo(engine, gradOfA(engine, grad, in), in[0].shape()) : null,
      wanted[1] ? Reduction.sumTo(engine, gradOfB(engine, grad, in), in[1].shape()) : null
    };
  }

  @Override
  public Tensor forward(Engine engine, Tensor... in) {
    Tensor a = in[0];
    Tensor b = in[1];
    Tensor out = engine.empty(Broadcast.shape(a.shape(), b.shape()));
    Broadcast plan = Broadcast.of(a.shape(), b.shape(), out.shape());
    if (plan.dims().length == 1) {
      engine.blocks(
          plan.inner(), 1, (from, to, scratch) -> part(plan, a, b, out, 0, from, to, scratch));
    } else {
      engine.blocks(
          plan.outer(),
          plan.inner(),
          (from, to, scratch) -> {
            for (int row = from; row < to; row++) {
              part(plan, a, b, out, row, 0, plan.inner(), scratch);
            }
          });
    }
    return out;
  }

  /**
   * Elements {@code from} to {@code to} of one row. An operand that repeats along the row is
   * written out in scratch memory.
   */
  private void part(
      Broadcast plan, Tensor a, Tensor b, Tensor out, int row, int from, int to, Scratch scratch) {
    boolean aRepeats = plan.aInner() == 0;
    boolean bRepeats = plan.bInner() == 0;
    int aAt = a.offset() + plan.rowStart(row, plan.a());
    int bAt = b.offset() + plan.rowStart(row, plan.b());
    int outAt = out.offset() + row * plan.inner();
    int chunk = aRepeats || bRepeats ? Math.min(CHUNK, to - from) : to - from;
    float[] left =
        aRepeats ? filled(scratch.floats(SLOT_A, chunk), chunk, a.array()[aAt]) : a.array();
    float[] right =
        bRepeats ? filled(scratch.floats(SLOT_B, chunk), chunk, b.array()[bAt]) : b.array();
    for (int i = from; i < to; i += chunk) {
      combine(
          Math.min(chunk, to - i),
          left,
          aRepeats ? 0 : aAt + i,
          right,
          bRepeats ? 0 : bAt + i,
          out.array(),
          outAt + i);
    }
  }

  private static float[] filled(float[] array, int count, float value) {
    Arrays.fill(array, 0, count, value);
    return array;
  }
}
