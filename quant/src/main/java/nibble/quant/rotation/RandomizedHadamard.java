package nibble.quant.rotation;

import java.util.Arrays;
import nibble.kernels.hadamard.HadamardFactor;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.nn.online.RandomSigns;

/**
 * {@code x -> H (d * x) / sqrt(n)} with {@code H = H_K kron H_{n/K}} and signs {@code d}. In double
 * precision, for folding into weights; at run time the same map is {@link HadamardTransform}.
 */
public final class RandomizedHadamard implements Orthogonal {
  private final int size;
  private final HadamardFactor factor;
  private final double[] signs;

  private RandomizedHadamard(int size, double[] signs) {
    this.size = size;
    this.signs = signs;
    this.factor = HadamardFactor.of(HadamardTransform.of(size).factorOrder()).orElseThrow();
  }

  /**
   * The transform without signs.
   *
   * @throws IllegalArgumentException when no Hadamard matrix of this size is known
   */
  public static RandomizedHadamard plain(int size) {
    double[] ones = new double[size];
    Arrays.fill(ones, 1);
    return new RandomizedHadamard(size, ones);
  }

  /** The transform with signs drawn from {@code seed}. */
  public static RandomizedHadamard random(int size, long seed) {
    float[] drawn = RandomSigns.of(size, seed);
    double[] signs = new double[size];
    for (int i = 0; i < size; i++) {
      signs[i] = drawn[i];
    }
    return new RandomizedHadamard(size, signs);
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
    int power = size / factor.order();
    for (int part = 0; part < factor.order(); part++) {
      butterflies(x, offset + part * power, power);
    }
    if (factor.order() > 1) {
      multiplyFactor(x, offset, power);
    }
    double norm = 1 / Math.sqrt(size);
    for (int i = 0; i < size; i++) {
      x[offset + i] *= norm;
    }
  }

  private static void butterflies(double[] x, int offset, int length) {
    for (int half = 1; half < length; half *= 2) {
      for (int start = offset; start < offset + length; start += 2 * half) {
        for (int i = start; i < start + half; i++) {
          double a = x[i];
          double b = x[i + half];
          x[i] = a + b;
          x[i + half] = a - b;
        }
      }
    }
  }

  private void multiplyFactor(double[] x, int offset, int power) {
    int order = factor.order();
    double[] column = new double[order];
    for (int j = 0; j < power; j++) {
      for (int i = 0; i < order; i++) {
        column[i] = x[offset + i * power + j];
      }
      for (int i = 0; i < order; i++) {
        double sum = 0;
        for (int l = 0; l < order; l++) {
          sum += factor.sign(i, l) * column[l];
        }
        x[offset + i * power + j] = sum;
      }
    }
  }
}
