package nibble.kernels.rowwise;

import nibble.kernels.platform.VectorSupport;
import org.jspecify.annotations.Nullable;

/**
 * RMS norm of each row: {@code out = x * inverseRms * gain} with {@code inverseRms = 1 /
 * sqrt(mean(x^2) + epsilon)}.
 *
 * <p>Zhang, Sennrich: <a href="https://arxiv.org/abs/1910.07467">arXiv:1910.07467</a>.
 */
public interface RmsNorm {

  /**
   * Normalizes {@code x [rows, columns]} to {@code out}, which may be {@code x} at the same offset.
   *
   * @param gain {@code [columns]} from index 0, or null for ones
   * @param inverseRms receives 1 / root mean square of row r at {@code statisticsOffset + r},
   *     unless null
   */
  void forward(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float @Nullable [] gain,
      float epsilon,
      float[] out,
      int outOffset,
      float @Nullable [] inverseRms,
      int statisticsOffset);

  /**
   * Gradients of {@link #forward}, from its input and the statistics it saved. {@code dx} is
   * overwritten and may be {@code dy} at the same offset; {@code dgain} is added to.
   *
   * @param gain as in the forward call
   * @param dgain {@code [columns]} from index {@code dgainOffset}, or null if not wanted
   */
  void backward(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] dy,
      int dyOffset,
      float @Nullable [] gain,
      float[] inverseRms,
      int statisticsOffset,
      float[] dx,
      int dxOffset,
      float @Nullable [] dgain,
      int dgainOffset);

  /** The best implementation for this machine. */
  static RmsNorm best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final RmsNorm INSTANCE =
        VectorSupport.choose(() -> new VectorRmsNorm(), () -> new ScalarRmsNorm());

    private Best() {}
  }
}
