package nibble.kernels.lowbit;

import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.VectorSupport;
import org.jspecify.annotations.Nullable;

/**
 * Products {@code x W^T} with binary-coded weights, by looking up sums of few activations instead
 * of multiplying. Many rows at once, where that does not pay, meet weights that are unpacked to
 * FP32 tile by tile.
 *
 * <p>Source: Park et al., LUT-GEMM, <a
 * href="https://arxiv.org/abs/2206.09557">arXiv:2206.09557</a>, section 4.
 */
public interface LutGemv {

  /**
   * {@code out[r, :] = x[r, :] W^T + bias}. Offsets and strides are in elements; {@code out} never
   * overlaps an input.
   *
   * @param x {@code [rows, in]} with row stride {@code xStride}
   * @param bias {@code [out]}, or null
   * @param out {@code [rows, out]} with row stride {@code outStride}
   */
  void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      BinaryWeights weights,
      float @Nullable [] bias,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter);

  /** The best implementation for this machine. */
  static LutGemv best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final LutGemv INSTANCE =
        VectorSupport.choose(() -> new VectorLutGemv(), () -> new ScalarLutGemv());

    private Best() {}
  }
}
