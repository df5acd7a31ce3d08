package nibble.kernels.rowwise;

import nibble.kernels.platform.VectorSupport;

/**
 * Activation functions of arrays. Results are within 2 units in the last place of the true value
 * for {@code EXP}, within 4 for {@code SIGMOID} and {@code TANH} (or within 2^-126), and within
 * 2^-22 max(1, |x|) for the others; derivatives within 2^-21 max(1, |x|). Overflow of {@code EXP}
 * gives infinity, underflow subnormal numbers and 0; NaN gives NaN.
 */
public interface Activations {

  /**
   * {@code out[i] = f(x[i])} for {@code count} elements; {@code out} may be {@code x} at the same
   * offset.
   */
  void forward(Activation f, int count, float[] x, int xOffset, float[] out, int outOffset);

  /**
   * {@code dx[i] = dy[i] * f'(x[i])} for {@code count} elements, from the <em>input</em> {@code x}
   * of the forward call. {@code dx} is overwritten; it may be {@code dy} or {@code x} at the same
   * offset.
   */
  void backward(
      Activation f,
      int count,
      float[] x,
      int xOffset,
      float[] dy,
      int dyOffset,
      float[] dx,
      int dxOffset);

  /** The best implementation for this machine. */
  static Activations best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final Activations INSTANCE =
        VectorSupport.choose(() -> new VectorActivations(), () -> new ScalarActivations());

    private Best() {}
  }
}
