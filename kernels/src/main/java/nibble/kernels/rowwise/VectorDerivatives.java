package nibble.kernels.rowwise;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.math.VectorMath;
import nibble.kernels.platform.Lanes;

/**
 * The backward half of {@link VectorActivations}: upstream gradient times derivative at the input,
 * for whole vectors.
 */
final class VectorDerivatives {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;
  private static final float INVERSE_SQRT_2_PI = 0.3989423f;
  private static final float SQRT_2_OVER_PI = 0.7978846f;
  private static final float CUBIC = 0.044715f;
  private static final float BOUND = 100;

  private VectorDerivatives() {}

  static void backward(
      Activation f,
      int count,
      float[] x,
      int xOffset,
      float[] dy,
      int dyOffset,
      float[] dx,
      int dxOffset) {
    switch (f) {
      case EXP -> exp(count, x, xOffset, dy, dyOffset, dx, dxOffset);
      case SIGMOID -> sigmoid(count, x, xOffset, dy, dyOffset, dx, dxOffset);
      case TANH -> tanh(count, x, xOffset, dy, dyOffset, dx, dxOffset);
      case RELU -> relu(count, x, xOffset, dy, dyOffset, dx, dxOffset);
      case SILU -> silu(count, x, xOffset, dy, dyOffset, dx, dxOffset);
      case GELU -> gelu(count, x, xOffset, dy, dyOffset, dx, dxOffset);
      case GELU_TANH -> geluTanh(count, x, xOffset, dy, dyOffset, dx, dxOffset);
    }
  }

  private static void exp(
      int count, float[] x, int xOffset, float[] dy, int dyOffset, float[] dx, int dxOffset) {
    for (int i = 0; i < count; i += W) {
      FloatVector slope = exp(FloatVector.fromArray(SPECIES, x, xOffset + i));
      slope.mul(FloatVector.fromArray(SPECIES, dy, dyOffset + i)).intoArray(dx, dxOffset + i);
    }
  }

  private static void sigmoid(
      int count, float[] x, int xOffset, float[] dy, int dyOffset, float[] dx, int dxOffset) {
    for (int i = 0; i < count; i += W) {
      FloatVector slope = sigmoid(FloatVector.fromArray(SPECIES, x, xOffset + i));
      slope.mul(FloatVector.fromArray(SPECIES, dy, dyOffset + i)).intoArray(dx, dxOffset + i);
    }
  }

  private static void tanh(
      int count, float[] x, int xOffset, float[] dy, int dyOffset, float[] dx, int dxOffset) {
    for (int i = 0; i < count; i += W) {
      FloatVector slope = tanh(FloatVector.fromArray(SPECIES, x, xOffset + i));
      slope.mul(FloatVector.fromArray(SPECIES, dy, dyOffset + i)).intoArray(dx, dxOffset + i);
    }
  }

  private static void relu(
      int count, float[] x, int xOffset, float[] dy, int dyOffset, float[] dx, int dxOffset) {
    for (int i = 0; i < count; i += W) {
      FloatVector slope = relu(FloatVector.fromArray(SPECIES, x, xOffset + i));
      slope.mul(FloatVector.fromArray(SPECIES, dy, dyOffset + i)).intoArray(dx, dxOffset + i);
    }
  }

  private static void silu(
      int count, float[] x, int xOffset, float[] dy, int dyOffset, float[] dx, int dxOffset) {
    for (int i = 0; i < count; i += W) {
      FloatVector slope = silu(FloatVector.fromArray(SPECIES, x, xOffset + i));
      slope.mul(FloatVector.fromArray(SPECIES, dy, dyOffset + i)).intoArray(dx, dxOffset + i);
    }
  }

  private static void gelu(
      int count, float[] x, int xOffset, float[] dy, int dyOffset, float[] dx, int dxOffset) {
    for (int i = 0; i < count; i += W) {
      FloatVector slope = gelu(FloatVector.fromArray(SPECIES, x, xOffset + i));
      slope.mul(FloatVector.fromArray(SPECIES, dy, dyOffset + i)).intoArray(dx, dxOffset + i);
    }
  }

  private static void geluTanh(
      int count, float[] x, int xOffset, float[] dy, int dyOffset, float[] dx, int dxOffset) {
    for (int i = 0; i < count; i += W) {
      FloatVector slope = geluTanh(FloatVector.fromArray(SPECIES, x, xOffset + i));
      slope.mul(FloatVector.fromArray(SPECIES, dy, dyOffset + i)).intoArray(dx, dxOffset + i);
    }
  }

  private static FloatVector exp(FloatVector x) {
    return VectorMath.exp(x);
  }

  private static FloatVector sigmoid(FloatVector x) {
    FloatVector e = VectorMath.flushedExp(x.neg());
    return slope(e, VectorMath.inverseOfOnePlus(e));
  }

  /**
   * {@code s (1 - s) = s^2 e} with {@code e = e^-x}; multiplied in an order that does not overflow.
   */
  private static FloatVector slope(FloatVector e, FloatVector s) {
    return s.mul(e).mul(s);
  }

  /** {@code 1 - tanh^2 = 4 sigmoid(2x) (1 - sigmoid(2x))}. */
  private static FloatVector tanh(FloatVector x) {
    return sigmoid(x.add(x)).mul(4);
  }

  private static FloatVector relu(FloatVector x) {
    return x.blend(1, x.compare(GT, 0)).blend(0, x.compare(LE, 0));
  }

  /** {@code s (1 + x (1 - s))}. */
  private static FloatVector silu(FloatVector x) {
    FloatVector e = VectorMath.flushedExp(x.neg());
    return siluOf(VectorActivations.bounded(x, BOUND), e, VectorMath.inverseOfOnePlus(e));
  }

  private static FloatVector siluOf(FloatVector x, FloatVector e, FloatVector s) {
    return x.mul(s.mul(e)).add(1).mul(s);
  }

  /**
   * {@code Phi(x) + x phi(x)}: {@code d = Phi(-|x|) - |x| phi(x)} for negative x, {@code 1 - d}
   * otherwise.
   */
  private static FloatVector gelu(FloatVector x) {
    FloatVector a = VectorMath.atMost(x.abs(), VectorMath.GAUSS_BOUND);
    FloatVector gauss = VectorMath.gauss(a);
    return mirrored(x, a.mul(-INVERSE_SQRT_2_PI).fma(gauss, VectorMath.tail(a, gauss)));
  }

  private static FloatVector mirrored(FloatVector x, FloatVector d) {
    return VectorMath.broadcast(1).sub(d).blend(d, x.compare(LT, 0));
  }

  /**
   * {@code s + x s (1 - s) v'} with {@code s = sigmoid(v)}, {@code v = 2 sqrt(2 / pi) (x + 0.044715
   * x^3)}.
   */
  private static FloatVector geluTanh(FloatVector input) {
    FloatVector x = VectorActivations.bounded(input, BOUND);
    FloatVector e = VectorMath.flushedExp(VectorActivations.twiceInner(x).neg());
    return siluOf(x.mul(innerSlope(x)), e, VectorMath.inverseOfOnePlus(e));
  }

  private static FloatVector innerSlope(FloatVector x) {
    return x.mul(x)
        .fma(
            VectorMath.broadcast(6 * SQRT_2_OVER_PI * CUBIC),
            VectorMath.broadcast(2 * SQRT_2_OVER_PI));
  }
}
