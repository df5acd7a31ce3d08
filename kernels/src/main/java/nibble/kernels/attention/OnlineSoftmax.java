package nibble.kernels.attention;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.math.VectorMath;
import nibble.kernels.platform.Lanes;
import nibble.kernels.rowwise.Activation;
import nibble.kernels.rowwise.Activations;
import nibble.kernels.rowwise.Elementwise;

/**
 * The softmax of a row of scores that arrives block by block: a running maximum and a running sum
 * of exponentials (Milakov, Gimelshein, <a
 * href="https://arxiv.org/abs/1805.02867">arXiv:1805.02867</a>, algorithm 3).
 */
final class OnlineSoftmax {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;

  /** Elements that {@link #take} needs for itself. */
  static final int LANES = Lanes.FLOATS;

  private OnlineSoftmax() {}

  /** {@code count} rounded up to whole vectors. */
  static int wholeVectors(int count) {
    return Math.ceilDiv(count, LANES) * LANES;
  }

  /** {@code s = cap * tanh(s / cap)} for whole vectors. */
  static void cap(int count, float cap, float[] s, int at) {
    Elementwise elementwise = Elementwise.best();
    elementwise.scale(count, 1 / cap, s, at, s, at);
    Activations.best().forward(Activation.TANH, count, s, at, s, at);
    elementwise.scale(count, cap, s, at, s, at);
  }

  /**
   * Takes up a block of scores, whole vectors, hidden ones at minus infinity; they become
   * exponentials relative to the new maximum.
   *
   * @param state at {@code maxAt} the running maximum, minus infinity before the first block; at
   *     {@code sumAt} the running sum, 0 before it; from {@code lanesAt} on room for the lanes of a
   *     vector ({@link #LANES})
   * @return what earlier exponentials must be multiplied by
   */
  static float take(
      int count, float[] s, int at, float[] state, int maxAt, int sumAt, int lanesAt) {
    float before = state[maxAt];
    float largest = largest(count, s, at, state, lanesAt);
    if (largest == Float.NEGATIVE_INFINITY) {
      return takeHidden(count, s, at, state, sumAt);
    }
    float now = Math.max(before, largest);
    float factor =
        now == before
            ? 1
            : before == Float.NEGATIVE_INFINITY ? 0 : (float) Math.exp((double) before - now);
    state[sumAt] = Math.fma(state[sumAt], factor, exponentials(count, now, s, at, state, lanesAt));
    state[maxAt] = now;
    return factor;
  }

  /** A block without a number above minus infinity: nothing is added, except NaN. */
  private static float takeHidden(int count, float[] s, int at, float[] state, int sumAt) {
    for (int i = 0; i < count; i++) {
      s[at + i] = Float.isNaN(s[at + i]) ? Float.NaN : 0;
      state[sumAt] += s[at + i];
    }
    return 1;
  }

  /** The largest number; NaN is passed over. */
  private static float largest(int count, float[] s, int at, float[] state, int lanesAt) {
    FloatVector m0 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    FloatVector m1 = m0;
    int i = 0;
    for (; i < count - LANES; i += 2 * LANES) {
      m0 = Lanes.larger(m0, FloatVector.fromArray(F, s, at + i));
      m1 = Lanes.larger(m1, FloatVector.fromArray(F, s, at + i + LANES));
    }
    if (i < count) {
      m0 = Lanes.larger(m0, FloatVector.fromArray(F, s, at + i));
    }
    Lanes.larger(m0, m1).intoArray(state, lanesAt);
    return Math.max(
        Math.max(largest4(state, lanesAt), largest4(state, lanesAt + 2)),
        Math.max(largest4(state, lanesAt + 1), largest4(state, lanesAt + 3)));
  }

  // Lanes meet in memory: the calls of a sum in registers are nested too deeply here for the
  // compiler to inline them all, and what it does not inline allocates its vectors. With trees of
  // single numbers the whole kernel is 1.15 times as fast as with loops over the lanes.

  private static float largest4(float[] lanes, int at) {
    return LANES > 4 ? Math.max(largest8(lanes, at), largest8(lanes, at + 4)) : lanes[at];
  }

  private static float largest8(float[] lanes, int at) {
    return LANES > 8 ? Math.max(lanes[at], lanes[at + 8]) : lanes[at];
  }

  private static float sum4(float[] lanes, int at) {
    return LANES > 4 ? sum8(lanes, at) + sum8(lanes, at + 4) : lanes[at];
  }

  private static float sum8(float[] lanes, int at) {
    return LANES > 8 ? lanes[at] + lanes[at + 8] : lanes[at];
  }

  private static float exponentials(
      int count, float max, float[] s, int at, float[] state, int lanesAt) {
    FloatVector sum = FloatVector.zero(F);
    for (int i = 0; i < count; i += LANES) {
      FloatVector e = VectorMath.expOfNegative(FloatVector.fromArray(F, s, at + i).sub(max));
      e.intoArray(s, at + i);
      sum = sum.add(e);
    }
    sum.intoArray(state, lanesAt);
    return (sum4(state, lanesAt) + sum4(state, lanesAt + 2)) // the order of Lanes.sum
        + (sum4(state, lanesAt + 1) + sum4(state, lanesAt + 3));
  }

  /** {@code out = factor * x}. */
  static void scale(int count, float factor, float[] x, int at, float[] out, int to) {
    int i = 0;
    for (; i <= count - LANES; i += LANES) {
      FloatVector.fromArray(F, x, at + i).mul(factor).intoArray(out, to + i);
    }
    for (; i < count; i++) {
      out[to + i] = factor * x[at + i];
    }
  }
}
