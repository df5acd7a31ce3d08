package nibble.quant.rotation;

import java.util.SplittableRandom;

/**
 * A uniformly distributed orthogonal matrix of any size: the product of Householder reflections of
 * Gaussian vectors (Stewart 1980). Applying it costs {@code n^2}; for sizes that have a Hadamard
 * matrix {@link RandomizedHadamard} is cheaper.
 */
public final class RandomOrthogonal implements Orthogonal {
  private final int size;
  private final double[][] reflections;
  private final double[] signs;

  /** Draws the matrix from {@code seed}. */
  public RandomOrthogonal(int size, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    this.size = size;
    reflections = new double[Math.max(0, size - 1)][];
    signs = new double[size];
    for (int i = 0; i < reflections.length; i++) {
      reflections[i] = unitReflection(random, size - i, signs, i);
    }
    if (size > 0) {
      signs[size - 1] = random.nextBoolean() ? 1 : -1;
    }
  }

  private static double[] unitReflection(
      SplittableRandom random, int length, double[] signs, int at) {
    double[] v = new double[length];
    double norm = 0;
    for (int i = 0; i < length; i++) {
      v[i] = random.nextGaussian();
      norm += v[i] * v[i];
    }
    double sign = v[0] >= 0 ? 1 : -1;
    signs[at] = -sign;
    v[0] += sign * Math.sqrt(norm);
    double squared = 0;
    for (double value : v) {
      squared += value * value;
    }
    double scale = 1 / Math.sqrt(squared);
    for (int i = 0; i < length; i++) {
      v[i] *= scale;
    }
    return v;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public void apply(double[] x, int offset) {
    for (int i = 0; i < size; i++) {
      x[offset + i] *= signs[i];
    }
    for (int r = reflections.length - 1; r >= 0; r--) {
      double[] v = reflections[r];
      double dot = 0;
      for (int i = 0; i < v.length; i++) {
        dot += v[i] * x[offset + r + i];
      }
      for (int i = 0; i < v.length; i++) {
        x[offset + r + i] -= 2 * dot * v[i];
      }
    }
  }
}
