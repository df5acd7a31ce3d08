package nibble.kernels.rowwise;

import nibble.kernels.platform.VectorSupport;

/**
 * One fused AdamW update of an array of parameters. In this order, each operation in float:
 *
 * <pre>{@code
 * m = beta1 m + (1 - beta1) g                       v = beta2 v + ((1 - beta2) g) g
 * w = w (1 - rate * decay) - (rate / (1 - beta1^t)) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 * }</pre>
 *
 * <p>The factors that do not depend on the element are computed in double and rounded once.
 * Loshchilov, Hutter: <a href="https://arxiv.org/abs/1711.05101">arXiv:1711.05101</a>, Algorithm 2.
 */
public interface AdamW {

  /**
   * What does not change between the elements of one update.
   *
   * @param rate learning rate of this step
   * @param decay decoupled weight decay; 0 makes it plain Adam
   * @param step number of this update, from 1
   */
  record Step(double rate, double beta1, double beta2, double epsilon, double decay, int step) {
    /** Checks the ranges. */
    public Step {
      if (step < 1) {
        throw new IllegalArgumentException("the first AdamW step is 1, was " + step);
      }
      if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
        throw new IllegalArgumentException(
            "betas must be in [0, 1), were " + beta1 + " and " + beta2);
      }
    }

    float shrink() {
      return (float) (1 - rate * decay);
    }

    float correctedRate() {
      return (float) (rate / (1 - Math.pow(beta1, step)));
    }

    float rootCorrection() {
      return (float) (1 / Math.sqrt(1 - Math.pow(beta2, step)));
    }
  }

  /**
   * Updates {@code w}, {@code m} (first moments) and {@code v} (second moments) by the gradient
   * {@code g}, {@code count} elements each.
   */
  void update(
      Step step,
      int count,
      float[] w,
      int wOffset,
      float[] g,
      int gOffset,
      float[] m,
      int mOffset,
      float[] v,
      int vOffset);

  /** The best implementation for this machine. */
  static AdamW best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final AdamW INSTANCE =
        VectorSupport.choose(() -> new VectorAdamW(), () -> new ScalarAdamW());

    private Best() {}
  }
}
