package nibble.kernels.math;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * Exponential and its relatives on vectors. {@code e^x = 2^n e^r} with {@code n = rint(x / ln 2)}
 * and {@code |r| <= ln 2 / 2}; {@code e^r = 1 + r + r^2 q(r)} with q the minimax polynomial of
 * degree 4 (relative error of e^r: 3.1e-9).
 *
 * <p>All methods are kept small, so that they are always inlined; a vector that is passed to a
 * method that is not is allocated on the heap. Constants are broadcast where they are used, which
 * the compiler moves out of the loop. Constant vectors would be loaded in every turn: it cannot
 * know that the store of the result does not change them. Clamps are a compare and a blend: half
 * the instructions of {@code min} and {@code max}, and NaN passes.
 */
public final class VectorMath {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;

  /**
   * 1.5 * 2^23 + 127: a float with this added is rounded to an integer, and the low 8 bits hold it
   * plus the exponent bias.
   */
  private static final float ROUND = 12582912 + 127;

  private static final int ROUND_BITS = Float.floatToRawIntBits(12582912);
  private static final float INVERSE_LN2 = 1.442695f;

  /** The high part of ln 2 has 15 trailing zero bits, so n times it is exact. */
  private static final float MINUS_LN2_HIGH = -355f / 512;

  private static final float MINUS_LN2_LOW = 2.12194440e-4f;

  private static final float Q0 = 0.49999994f;
  private static final float Q1 = 0.16666521f;
  private static final float Q2 = 0.04166839f;
  private static final float Q3 = 0.008368736f;
  private static final float Q4 = 0.001381456f;

  // Vectors, since their only user is near the limit of what the compiler inlines into one loop.
  // Phi(-a) = e^(-a^2 / 2) t P(t) with t = 1 / (1 + 0.3 a): weighted minimax fit for 0 <= a <=
  // 13.4, relative error 1.3e-7.
  private static final FloatVector TAIL_SLOPE = broadcast(0.3f);
  private static final FloatVector P0 = broadcast(0.119625784f);
  private static final FloatVector P1 = broadcast(0.12080756f);
  private static final FloatVector P2 = broadcast(0.099580616f);
  private static final FloatVector P3 = broadcast(0.12965533f);
  private static final FloatVector P4 = broadcast(-0.055743247f);
  private static final FloatVector P5 = broadcast(0.20858403f);
  private static final FloatVector P6 = broadcast(-0.15849398f);
  private static final FloatVector P7 = broadcast(0.035983834f);

  /** Here the normal distribution's tail is 6e-39; the exponential needs no clamp up to it. */
  public static final float GAUSS_BOUND = 13;

  private VectorMath() {}

  public static FloatVector atMost(FloatVector x, float bound) {
    return x.blend(bound, x.compare(GT, bound));
  }

  public static FloatVector atLeast(FloatVector x, float bound) {
    return x.blend(bound, x.compare(LT, bound));
  }

  public static FloatVector broadcast(float value) {
    return FloatVector.broadcast(SPECIES, value);
  }

  /**
   * {@code e^x} where it is a normal number; at most e^88, and 0 below e^-87.7. Faster than {@link
   * #exp}.
   */
  public static FloatVector flushedExp(FloatVector x) {
    return flushed(atLeast(atMost(x, 88), -88));
  }

  /** {@code e^x} for {@code x <= 0}, and 0 below e^-87.7. */
  public static FloatVector expOfNegative(FloatVector x) {
    return flushed(atLeast(x, -88));
  }

  private static FloatVector flushed(FloatVector x) {
    FloatVector n = shifted(x);
    return reducedExp(remainder(x, n)).mul(power(n));
  }

  /** {@code e^x - 1} for -44 <= x <= 44, to full relative accuracy around 0. */
  public static FloatVector expMinusOne(FloatVector x) {
    FloatVector n = shifted(x);
    return minusOne(remainder(x, n), power(n));
  }

  private static FloatVector minusOne(FloatVector r, FloatVector power) {
    return reducedExpMinusOne(r).fma(power, power.sub(1));
  }

  /**
   * {@code e^x} over the whole range, subnormal results and overflow included: the power of two is
   * applied in two halves.
   */
  public static FloatVector exp(FloatVector x) {
    FloatVector bounded = atLeast(atMost(x, 89), -104);
    FloatVector n = shifted(bounded);
    return twice(reducedExp(remainder(bounded, n)), n);
  }

  private static FloatVector twice(FloatVector e, FloatVector shifted) {
    IntVector n = shifted.reinterpretAsInts().sub(ROUND_BITS + 127);
    IntVector half = n.lanewise(ASHR, 1);
    return e.mul(exponent(half)).mul(exponent(n.sub(half)));
  }

  private static FloatVector exponent(IntVector n) {
    return n.add(127).lanewise(LSHL, 23).reinterpretAsFloats();
  }

  /** n in the low bits of a float, see {@link #ROUND}. */
  private static FloatVector shifted(FloatVector x) {
    return next(x, broadcast(INVERSE_LN2), ROUND);
  }

  private static FloatVector power(FloatVector shifted) {
    return shifted.reinterpretAsInts().lanewise(LSHL, 23).reinterpretAsFloats();
  }

  private static FloatVector remainder(FloatVector x, FloatVector shifted) {
    FloatVector n = shifted.sub(ROUND);
    return n.fma(broadcast(MINUS_LN2_LOW), n.fma(broadcast(MINUS_LN2_HIGH), x));
  }

  private static FloatVector reducedExp(FloatVector r) {
    return reducedExpMinusOne(r).add(1);
  }

  private static FloatVector reducedExpMinusOne(FloatVector r) {
    return q(r).fma(r.mul(r), r);
  }

  private static FloatVector q(FloatVector r) {
    return next(next(next(next(broadcast(Q4), r, Q3), r, Q2), r, Q1), r, Q0);
  }

  /** One Horner step. */
  private static FloatVector next(FloatVector sum, FloatVector r, float coefficient) {
    return sum.fma(r, broadcast(coefficient));
  }

  /** {@code 1 / (1 + e^-x)}, from {@code e = e^-x}. */
  public static FloatVector inverseOfOnePlus(FloatVector e) {
    return broadcast(1).div(e.add(1));
  }

  /**
   * {@code Phi(-a)}, the normal distribution's tail, from {@code gauss = e^(-a^2 / 2)}; {@code a >=
   * 0}.
   */
  public static FloatVector tail(FloatVector a, FloatVector gauss) {
    return tailOf(broadcast(1).div(a.fma(TAIL_SLOPE, broadcast(1))), gauss);
  }

  private static FloatVector tailOf(FloatVector t, FloatVector gauss) {
    return lowTerms(highTerms(t), t).mul(t).mul(gauss);
  }

  private static FloatVector highTerms(FloatVector t) {
    return P7.fma(t, P6).fma(t, P5).fma(t, P4);
  }

  private static FloatVector lowTerms(FloatVector sum, FloatVector t) {
    return sum.fma(t, P3).fma(t, P2).fma(t, P1).fma(t, P0);
  }

  /** {@code e^(-a^2 / 2)} for {@code |a| <= GAUSS_BOUND}. */
  public static FloatVector gauss(FloatVector a) {
    return flushed(a.mul(a).mul(-0.5f));
  }
}
