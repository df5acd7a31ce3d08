package nibble.kernels.rowwise;

import nibble.kernels.platform.VectorSupport;

/**
 * Softmax of each row, {@code p = exp(x - max x) / sum exp(x - max x)}, and its logarithm.
 *
 * <p>Entries of minus infinity are masked: their probability is exactly 0. A row that is masked as
 * a whole gives all zeros (its logarithm: all minus infinity). A row with NaN or plus infinity
 * gives NaN. Probabilities below 2^-126 may be flushed to 0.
 */
public interface Softmax {

  /**
   * {@code out = softmax(x)}, both {@code [rows, columns]}; {@code out} may be {@code x} at the
   * same offset.
   */
  void forward(int rows, int columns, float[] x, int xOffset, float[] out, int outOffset);

  /**
   * {@code dx = p * (dp - sum(p * dp))} with {@code p} the result of {@link #forward}, all {@code
   * [rows, columns]}. {@code dx} is overwritten; it may be {@code dp} or {@code p} at the same
   * offset.
   */
  void backward(
      int rows,
      int columns,
      float[] p,
      int pOffset,
      float[] dp,
      int dpOffset,
      float[] dx,
      int dxOffset);

  /** {@code out = log softmax(x)}; {@code out} may be {@code x} at the same offset. */
  void logForward(int rows, int columns, float[] x, int xOffset, float[] out, int outOffset);

  /**
   * {@code dx = dy - exp(y) * sum(dy)} with {@code y} the result of {@link #logForward}. {@code dx}
   * is overwritten; it may be {@code dy} or {@code y} at the same offset.
   */
  void logBackward(
      int rows,
      int columns,
      float[] y,
      int yOffset,
      float[] dy,
      int dyOffset,
      float[] dx,
      int dxOffset);

  /** The best implementation for this machine. */
  static Softmax best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final Softmax INSTANCE =
        VectorSupport.choose(() -> new VectorSoftmax(), () -> new ScalarSoftmax());

    private Best() {}
  }
}
