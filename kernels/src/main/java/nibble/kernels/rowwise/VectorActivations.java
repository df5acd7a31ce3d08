package nibble.kernels.rowwise;

import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * One loop per function. The last vector of an array overlaps the one before it; it is loaded before the loop, which may overwrite its
 * input. That needs no masks, which are allocated on the heap. Arrays shorter than a vector go to the scalar kernel.
 */
final class VectorActivations implements Activations {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;
  private static final float SQRT_2_OVER_PI = 0.797884561f;
  private static final float CUBIC = 0.044715f;

  /** Beyond this bound every function here is at its limit, and the formulas would multiply 0 by infinity. */
  private static final float BOUND = 100;

  private final Activations scalar = new ScalarActivations();

  @Override
  public void forward(Activation f, int count, float[] x, int xOffset, float[] out, int outOffset) {
    if (count < W) {
      scalar.forward(f, count, x, xOffset, out, outOffset);
      return;
    }
    switch (f) {
      case EXP -> exp(count, x, xOffset, out, outOffset);
      case SIGMOID -> sigmoid(count, x, xOffset, out, outOffset);
      case TANH -> tanh(count, x, xOffset, out, outOffset);
      case RELU -> relu(count, x, xOffset, out, outOffset);
      case SILU -> silu(count, x, xOffset, out, outOffset);
      case GELU -> gelu(count, x, xOffset, out, outOffset);
      case GELU_TANH -> geluTanh(count, x, xOffset, out, outOffset);
    }
  }

  @Override
  public void backward(Activation f, int count, float[] x, int xOffset, float[] dy, int dyOffset, float[] dx, int dxOffset) {
    if (count < W) {
      scalar.backward(f, count, x, xOffset, dy, dyOffset, dx, dxOffset);
      return;
    }
    VectorDerivatives.backward(f, count, x, xOffset, dy, dyOffset, dx, dxOffset);
  }

  private static void exp(int count, float[] x, int xOffset, float[] out, int outOffset) {
    FloatVector last = FloatVector.fromArray(SPECIES, x, xOffset + count - W);
    for (int i = 0; i < count - W; i += W) {
      VectorMath.exp(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
    VectorMath.exp(last).intoArray(out, outOffset + count - W);
  }

  private static void sigmoid(int count, float[] x, int xOffset, float[] out, int outOffset) {
    FloatVector last = FloatVector.fromArray(SPECIES, x, xOffset + count - W);
    for (int i = 0; i < count - W; i += W) {
      sigmoid(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
    sigmoid(last).intoArray(out, outOffset + count - W);
  }

  private static void tanh(int count, float[] x, int xOffset, float[] out, int outOffset) {
    FloatVector last = FloatVector.fromArray(SPECIES, x, xOffset + count - W);
    for (int i = 0; i < count - W; i += W) {
      tanh(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
    tanh(last).intoArray(out, outOffset + count - W);
  }

  private static void relu(int count, float[] x, int xOffset, float[] out, int outOffset) {
    FloatVector last = FloatVector.fromArray(SPECIES, x, xOffset + count - W);
    for (int i = 0; i < count - W; i += W) {
      relu(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
    relu(last).intoArray(out, outOffset + count - W);
  }

  private static void silu(int count, float[] x, int xOffset, float[] out, int outOffset) {
    FloatVector last = FloatVector.fromArray(SPECIES, x, xOffset + count - W);
    for (int i = 0; i < count - W; i += W) {
      silu(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
    silu(last).intoArray(out, outOffset + count - W);
  }

  private static void gelu(int count, float[] x, int xOffset, float[] out, int outOffset) {
    FloatVector last = FloatVector.fromArray(SPECIES, x, xOffset + count - W);
    for (int i = 0; i < count - W; i += W) {
      gelu(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
    gelu(last).intoArray(out, outOffset + count - W);
  }

  private static void geluTanh(int count, float[] x, int xOffset, float[] out, int outOffset) {
    FloatVector last = FloatVector.fromArray(SPECIES, x, xOffset + count - W);
    for (int i = 0; i < count - W; i += W) {
      geluTanh(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
    geluTanh(last).intoArray(out, outOffset + count - W);
  }

  static FloatVector sigmoid(FloatVector x) {
    return VectorMath.inverseOfOnePlus(VectorMath.flushedExp(x.neg()));
  }

  /** {@code (e^2x - 1) / (e^2x + 1)} with the numerator computed as such. */
  static FloatVector tanh(FloatVector x) {
    return ratio(VectorMath.expMinusOne(bounded(x.add(x), 40)));
  }

  private static FloatVector ratio(FloatVector e) {
    return e.div(e.add(2));
  }

  static FloatVector bounded(FloatVector x, float bound) {
    return VectorMath.atLeast(VectorMath.atMost(x, bound), -bound);
  }

  private static FloatVector relu(FloatVector x) {
    return x.blend(0, x.compare(LT, 0));
  }

  private static FloatVector silu(FloatVector x) {
    return VectorMath.atLeast(x, -BOUND).mul(sigmoid(x));
  }

  /** {@code max(x, 0) - |x| Phi(-|x|)}, which is accurate in the negative tail too. */
  private static FloatVector gelu(FloatVector x) {
    FloatVector a = VectorMath.atMost(x.abs(), 14);
    return relu(x).sub(a.mul(VectorMath.tail(a, VectorMath.gauss(a))));
  }

  private static FloatVector geluTanh(FloatVector x) {
    return VectorMath.atLeast(x, -BOUND).mul(sigmoid(twiceInner(x)));
  }

  /** {@code 2 sqrt(2 / pi) (x + 0.044715 x^3)}. */
  static FloatVector twiceInner(FloatVector x) {
    return x.mul(x).fma(VectorMath.broadcast(2 * SQRT_2_OVER_PI * CUBIC), VectorMath.broadcast(2 * SQRT_2_OVER_PI)).mul(x);
  }
}
