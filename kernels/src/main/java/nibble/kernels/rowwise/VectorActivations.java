package nibble.kernels.rowwise;

import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.math.VectorGelu;
import nibble.kernels.math.VectorMath;
import nibble.kernels.platform.Lanes;

/**
 * One loop per function over whole vectors. The rest of an array goes through a short array: masks
 * are allocated on the heap, and a second copy of the formula in the method exceeds what the
 * compiler inlines.
 */
final class VectorActivations implements Activations {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;
  private static final float SQRT_2_OVER_PI = 0.7978846f;
  private static final float CUBIC = 0.044715f;

  /**
   * Beyond this bound every function here is at its limit, and the formulas would multiply 0 by
   * infinity.
   */
  private static final float BOUND = 100;

  @Override
  public void forward(Activation f, int count, float[] x, int xOffset, float[] out, int outOffset) {
    int rest = count % W;
    int whole = count - rest;
    vectors(f, whole, x, xOffset, out, outOffset);
    if (rest > 0) {
      float[] last = new float[W];
      System.arraycopy(x, xOffset + whole, last, 0, rest);
      vectors(f, W, last, 0, last, 0);
      System.arraycopy(last, 0, out, outOffset + whole, rest);
    }
  }

  private static void vectors(
      Activation f, int count, float[] x, int xOffset, float[] out, int outOffset) {
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
  public void backward(
      Activation f,
      int count,
      float[] x,
      int xOffset,
      float[] dy,
      int dyOffset,
      float[] dx,
      int dxOffset) {
    int rest = count % W;
    int whole = count - rest;
    VectorDerivatives.backward(f, whole, x, xOffset, dy, dyOffset, dx, dxOffset);
    if (rest > 0) {
      float[] last = new float[2 * W];
      System.arraycopy(x, xOffset + whole, last, 0, rest);
      System.arraycopy(dy, dyOffset + whole, last, W, rest);
      VectorDerivatives.backward(f, W, last, 0, last, W, last, 0);
      System.arraycopy(last, 0, dx, dxOffset + whole, rest);
    }
  }

  private static void exp(int count, float[] x, int xOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i += W) {
      VectorMath.exp(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
  }

  private static void sigmoid(int count, float[] x, int xOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i += W) {
      sigmoid(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
  }

  private static void tanh(int count, float[] x, int xOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i += W) {
      tanh(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
  }

  private static void relu(int count, float[] x, int xOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i += W) {
      relu(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
  }

  private static void silu(int count, float[] x, int xOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i += W) {
      silu(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
  }

  private static void gelu(int count, float[] x, int xOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i += W) {
      VectorGelu.gelu(FloatVector.fromArray(SPECIES, x, xOffset + i)).intoArray(out, outOffset + i);
    }
  }

  private static void geluTanh(int count, float[] x, int xOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i += W) {
      VectorGelu.geluTanh(FloatVector.fromArray(SPECIES, x, xOffset + i))
          .intoArray(out, outOffset + i);
    }
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

  /** {@code 2 sqrt(2 / pi) (x + 0.044715 x^3)}. */
  static FloatVector twiceInner(FloatVector x) {
    return x.mul(x)
        .fma(
            VectorMath.broadcast(2 * SQRT_2_OVER_PI * CUBIC),
            VectorMath.broadcast(2 * SQRT_2_OVER_PI))
        .mul(x);
  }
}
