package nibble.kernels.rowwise;

import nibble.kernels.platform.VectorSupport;
import org.jspecify.annotations.Nullable;

/**
 * Layer norm of each row: {@code out = (x - mean) * inverseStd * gain + bias} with {@code
 * inverseStd = 1 / sqrt(variance + epsilon)} and the biased variance (divided by {@code columns}).
 *
 * <p>Ba, Kiros, Hinton: <a href="https://arxiv.org/abs/1607.06450">arXiv:1607.06450</a>.
 */
public interface LayerNorm {

  /**
   * Normalizes {@code x [rows, columns]} to {@code out}, which may be {@code x} at the same offset.
   *
   * @param gain {@code [columns]} from index 0, or null for ones
   * @param bias {@code [columns]} from index 0, or null for zeros
   * @param mean receives the mean of row r at {@code statisticsOffset + r}, unless null
   * @param inverseStd receives 1 / standard deviation of row r at {@code statisticsOffset + r},
   *     unless null
   */
  void forward(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float @Nullable [] gain,
      float @Nullable [] bias,
      float epsilon,
      float[] out,
      int outOffset,
      float @Nullable [] mean,
      float @Nullable [] inverseStd,
      int statisticsOffset);

  /**
   * Gradients of {@link #forward}, from its input and the statistics it saved. {@code dx} is
   * overwritten and may be {@code dy} at the same offset; {@code dgain} and {@code dbias} are added
   * to.
   *
   * @param gain as in the forward call
   * @param dgain {@code [columns]} from index {@code dgainOffset}, or null if not wanted
   * @param dbias {@code [columns]} from index {@code dbiasOffset}, or null if not wanted
   */
  void backward(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] dy,
      int dyOffset,
      float @Nullable [] gain,
      float[] mean,
      float[] inverseStd,
      int statisticsOffset,
      float[] dx,
      int dxOffset,
      float @Nullable [] dgain,
      int dgainOffset,
      float @Nullable [] dbias,
      int dbiasOffset);

  /** The best implementation for this machine. */
  static LayerNorm best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final LayerNorm INSTANCE =
        VectorSupport.choose(() -> new VectorLayerNorm(), () -> new ScalarLayerNorm());

    private Best() {}
  }
}
