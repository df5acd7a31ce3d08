package nibble.kernels.rowwise;

import nibble.kernels.platform.VectorSupport;
import org.jspecify.annotations.Nullable;

/**
 * Quantization of a row-major matrix {@code x [rows, columns]} to integer codes, with one scale per
 * group of {@code groupSize} consecutive elements of a row. Scales (and zero points) are {@code
 * [rows, ceil(columns / groupSize)]}; the last group of a row may be shorter.
 *
 * <ul>
 *   <li>per tensor: {@code rows = 1}, {@code columns = groupSize = all elements}
 *   <li>per channel of a weight {@code [out, in]}, per token of activations: {@code groupSize =
 *       columns}
 *   <li>per group: {@code groupSize < columns}
 *   <li>per column: the methods named {@code ...Columns}, with scales {@code [columns]}
 * </ul>
 *
 * <p>The arithmetic is fixed to the bit, in float, and all implementations agree exactly:
 *
 * <pre>{@code
 * q = rint(clamp(x / s, min - z, max - z)) + z          rint: half to even; equals clamp(rint(x / s) + z, min, max)
 * dequantized = s * (q - z)
 * }</pre>
 *
 * <p>Zero points are integers held as floats, of at most 2^20 in size; a null array means all 0. A
 * NaN stays NaN in float results and becomes code 0 in bytes; callers that load weights or
 * calibrate reject it before ({@code NaN} scales come out of {@link #symmetricScales} and {@link
 * #asymmetricScales}).
 */
public interface Quantize {

  /**
   * Symmetric grid: {@code s = clip * max|x| / range.max()} for every group, at least the smallest
   * normal float. A group of zeros gets {@code 1 / range.max()}.
   *
   * @param clip share of the range that is kept, 1 for all
   */
  void symmetricScales(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      CodeRange range,
      float clip,
      float[] scales,
      int scalesOffset);

  /**
   * Asymmetric grid that holds 0 exactly: {@code lo = clip * min(0, min x)}, {@code hi = clip *
   * max(0, max x)}, {@code s = (hi - lo) / (range.max() - range.min())}, at least the smallest
   * normal float, {@code z = rint(-lo / s) + range.min()}. A group of zeros gets {@code lo = -1, hi
   * = 1}.
   *
   * @param clip share of the range that is kept, 1 for all
   */
  void asymmetricScales(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      CodeRange range,
      float clip,
      float[] scales,
      int scalesOffset,
      float[] zeroPoints,
      int zeroPointsOffset);

  /** Codes of {@code x} to bytes, {@code codes [rows, columns]}. */
  void toBytes(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      byte[] codes,
      int codesOffset);

  /** Codes of {@code x} as floats; {@code codes} may be {@code x} at the same offset. */
  void toFloats(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] codes,
      int codesOffset);

  /** Quantize and dequantize; {@code out} may be {@code x} at the same offset. */
  void fakeQuantize(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] out,
      int outOffset);

  /**
   * Quantize and dequantize with the scale (and zero point) of each column, {@code [columns]};
   * {@code out} may be {@code x}.
   */
  void fakeQuantizeColumns(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] out,
      int outOffset);

  /**
   * Floats of the codes in bytes: {@code out = s * (q - z)}. The range tells whether bytes are
   * unsigned.
   */
  void dequantize(
      int rows,
      int columns,
      int groupSize,
      byte[] codes,
      int codesOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] out,
      int outOffset);

  /** The best implementation for this machine. */
  static Quantize best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final Quantize INSTANCE =
        VectorSupport.choose(() -> new VectorQuantize(), () -> new ScalarQuantize());

    private Best() {}
  }
}
