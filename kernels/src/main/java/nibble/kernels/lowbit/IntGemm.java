package nibble.kernels.lowbit;

import nibble.kernels.gemm.Epilogue;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.VectorSupport;
import org.jspecify.annotations.Nullable;

/**
 * Products {@code x W^T} with packed integer weights. Offsets and strides are in elements; {@code
 * out} never overlaps an input. A few rows run as matrix-vector products on the packed codes, more
 * rows unpack a tile of weights that stays in cache.
 */
public interface IntGemm {

  /**
   * {@code out[r, :] = f(x[r, :] W^T + bias) + residual[r, :]} with float activations (weight-only
   * quantization); {@code epilogue} says which of bias, f and residual there are.
   *
   * @param x {@code [rows, in]} with row stride {@code xStride}
   * @param out {@code [rows, out]} with row stride {@code outStride}
   */
  void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter);

  /**
   * The same with activations that are quantized first. Sums of products of levels are exact
   * integers, so every implementation returns the same bits. For row {@code r} with activation
   * scale {@code s} and levels {@code a}, and output {@code o}:
   *
   * <pre>{@code
   * S[g] = sum over k in group g of a[k] * (code[o, k] - zeroPoint[o, g])     exact
   * t = 0;  for g = 0 .. groups - 1:  t = fma((float) S[g], scale[o, g], t)
   * out[r, o] = fma(t, s, bias[o])                                            bias 0 where there is none
   * }</pre>
   *
   * <p>f and the residual follow, as {@link Epilogue} says.
   *
   * @throws IllegalArgumentException if a group is so long that {@code S} could leave the range of
   *     an int
   */
  void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      ActivationQuantizer quantizer,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter);

  /**
   * Quantizes activations for products with several weights.
   *
   * @param x {@code [rows, in]} with row stride {@code xStride}
   * @param levels receives {@code rows * QuantizedRows.stride(in)} floats from {@code levelsAt} on
   * @param grid receives {@code 2 * rows} floats from {@code gridAt} on
   * @return a view of {@code levels} and {@code grid}
   */
  default QuantizedRows quantize(
      int rows,
      int in,
      float[] x,
      int xOffset,
      int xStride,
      ActivationQuantizer quantizer,
      float[] levels,
      int levelsAt,
      float[] grid,
      int gridAt,
      WorkSplitter splitter) {
    return quantize(
        rows, in, x, xOffset, xStride, null, quantizer, levels, levelsAt, grid, gridAt, splitter);
  }

  /**
   * The same for rows that {@code map} changes first; {@code x} stays as it is. Equal to the bit to
   * mapping all rows and then quantizing them.
   *
   * @param map null for rows as they are
   */
  QuantizedRows quantize(
      int rows,
      int in,
      float[] x,
      int xOffset,
      int xStride,
      @Nullable RowMap map,
      ActivationQuantizer quantizer,
      float[] levels,
      int levelsAt,
      float[] grid,
      int gridAt,
      WorkSplitter splitter);

  /**
   * The product with activations that are quantized already, as above.
   *
   * @throws IllegalArgumentException if the weights take another number of inputs, or a group is so
   *     long that {@code S} could leave the range of an int
   */
  void multiply(
      QuantizedRows x,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter);

  /** The best implementation for this machine. */
  static IntGemm best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final IntGemm INSTANCE =
        VectorSupport.choose(() -> new VectorIntGemm(), () -> new ScalarIntGemm());

    private Best() {}
  }
}
