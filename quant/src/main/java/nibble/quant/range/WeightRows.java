package nibble.quant.range;

import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.Granularity;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;

/** Rounds a weight to the nearest codes, with a grid of its own for every output channel. */
public final class WeightRows {
  private WeightRows() {}

  /**
   * The codes.
   *
   * @param w {@code [out, in]}, row-major
   * @throws IllegalArgumentException if a weight is NaN or infinite; the message starts with {@code
   *     name}
   */
  public static QuantizedTensor quantize(
      String name,
      float[] w,
      int out,
      int in,
      IntFormat format,
      RangeSearch search,
      WorkSplitter splitter) {
    float[] scales = new float[out];
    byte[] zeroPoints = new byte[out];
    splitter.run(
        out,
        (row, scratch) -> {
          Grid grid = search.fit(name, format, new Values(w, row * in, in, 1));
          scales[row] = grid.scale();
          zeroPoints[row] = (byte) grid.zeroPoint();
        });
    QuantParams params =
        new QuantParams(format, new Granularity.PerChannel(), out, in, scales, zeroPoints);
    return new QuantizedTensor(params.quantize(name, w, 0), params);
  }
}
