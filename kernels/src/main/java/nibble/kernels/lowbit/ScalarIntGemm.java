package nibble.kernels.lowbit;

import nibble.kernels.gemm.Epilogue;
import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/** The specification: plain loops; float products summed in double, integer products in long. */
final class ScalarIntGemm implements IntGemm {

  @Override
  public void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    Arguments.check(
        rows,
        x,
        xOffset,
        xStride,
        weights.in(),
        epilogue,
        out,
        outOffset,
        outStride,
        weights.out());
    float[] bias = epilogue.bias();
    splitter.run(
        rows,
        (r, scratch) -> {
          for (int o = 0; o < weights.out(); o++) {
            double sum = bias == null ? 0 : bias[o];
            for (int k = 0; k < weights.in(); k++) {
              double weight =
                  (double) weights.scale(o, k / weights.groupSize()) * weights.level(o, k);
              sum += x[xOffset + r * xStride + k] * weight;
            }
            out[outOffset + r * outStride + o] = (float) sum;
          }
          epilogue.finish(r, 1, 0, weights.out(), out, outOffset, outStride);
        });
  }

  @Override
  public void multiply(
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
      WorkSplitter splitter) {
    Arguments.check(
        rows,
        x,
        xOffset,
        xStride,
        weights.in(),
        epilogue,
        out,
        outOffset,
        outStride,
        weights.out());
    float[] levels = new float[Math.multiplyExact(rows, QuantizedRows.stride(weights.in()))];
    QuantizedRows quantized =
        quantize(
            rows,
            weights.in(),
            x,
            xOffset,
            xStride,
            quantizer,
            levels,
            0,
            new float[2 * rows],
            0,
            splitter);
    multiply(quantized, weights, epilogue, out, outOffset, outStride, splitter);
  }

  @Override
  public QuantizedRows quantize(
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
      WorkSplitter splitter) {
    Arguments.checkRows(rows, x, xOffset, xStride, in);
    QuantizedRows result = new QuantizedRows(quantizer, rows, in, levels, levelsAt, grid, gridAt);
    RowLevels levelsOf = new RowLevels(quantizer, RowLevels::levels);
    splitter.run(
        rows,
        (r, scratch) -> {
          int at = xOffset + r * xStride;
          if (map == null) {
            levelsOf.quantize(result, r, x, at);
          } else {
            float[] row = new float[in];
            map.apply(in, x, at, row, scratch);
            levelsOf.quantize(result, r, row, 0);
          }
        });
    return result;
  }

  @Override
  public void multiply(
      QuantizedRows x,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    Arguments.check(x, weights, epilogue, out, outOffset, outStride);
    float[] bias = epilogue.bias();
    splitter.run(
        x.rows(),
        (r, scratch) -> {
          for (int o = 0; o < weights.out(); o++) {
            float sum = 0;
            for (int g = 0; g < weights.groups(); g++) {
              sum = Math.fma((float) groupSum(x, r, weights, o, g), weights.scale(o, g), sum);
            }
            out[outOffset + r * outStride + o] =
                Math.fma(sum, x.scale(r), bias == null ? 0 : bias[o]);
          }
          epilogue.finish(r, 1, 0, weights.out(), out, outOffset, outStride);
        });
  }

  private static int groupSum(QuantizedRows x, int row, IntWeights weights, int o, int group) {
    long sum = 0;
    for (int k = group * weights.groupSize(); k < (group + 1) * weights.groupSize(); k++) {
      int level = (int) (x.levels()[x.rowAt(row) + k] + x.offset(row));
      sum += (long) level * weights.level(o, k);
    }
    return Math.toIntExact(sum);
  }
}
