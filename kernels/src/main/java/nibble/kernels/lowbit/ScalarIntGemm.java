package nibble.kernels.lowbit;

import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/** The specification: plain loops; float products summed in double, integer products in long. */
final class ScalarIntGemm implements IntGemm {

  @Override
  public void multiply(
      int rows, float[] x, int xOffset, int xStride, IntWeights weights, float @Nullable [] bias, float[] out, int outOffset, int outStride,
      WorkSplitter splitter) {
    Arguments.check(rows, x, xOffset, xStride, weights.in(), bias, out, outOffset, outStride, weights.out());
    splitter.run(
        rows,
        (r, scratch) -> {
          for (int o = 0; o < weights.out(); o++) {
            double sum = bias == null ? 0 : bias[o];
            for (int k = 0; k < weights.in(); k++) {
              double weight = (double) weights.scale(o, k / weights.groupSize()) * weights.level(o, k);
              sum += x[xOffset + r * xStride + k] * weight;
            }
            out[outOffset + r * outStride + o] = (float) sum;
          }
        });
  }

  @Override
  public void multiply(
      int rows, float[] x, int xOffset, int xStride, ActivationQuantizer quantizer, IntWeights weights, float @Nullable [] bias, float[] out,
      int outOffset, int outStride, WorkSplitter splitter) {
    Arguments.check(rows, x, xOffset, xStride, weights.in(), bias, out, outOffset, outStride, weights.out());
    Arguments.checkIntegerRange(quantizer, weights);
    splitter.run(
        rows,
        (r, scratch) -> {
          float[] levels = scratch.floats(0, weights.in());
          float[] grid = scratch.floats(1, 2);
          RowLevels.quantize(quantizer, x, xOffset + r * xStride, weights.in(), levels, 0, grid, 0);
          for (int o = 0; o < weights.out(); o++) {
            float sum = 0;
            for (int g = 0; g < weights.groups(); g++) {
              sum = Math.fma((float) groupSum(levels, weights, o, g), weights.scale(o, g), sum);
            }
            out[outOffset + r * outStride + o] = Math.fma(sum, grid[0], bias == null ? 0 : bias[o]);
          }
        });
  }

  private static int groupSum(float[] levels, IntWeights weights, int row, int group) {
    long sum = 0;
    for (int k = group * weights.groupSize(); k < (group + 1) * weights.groupSize(); k++) {
      sum += (int) levels[k] * (long) weights.level(row, k);
    }
    return Math.toIntExact(sum);
  }
}
