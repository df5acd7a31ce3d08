package nibble.kernels.lowbit;

import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/** The specification: signs times activations, summed in double, without tables. */
final class ScalarLutGemv implements LutGemv {

  @Override
  public void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      BinaryWeights weights,
      float @Nullable [] bias,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    Arguments.check(
        rows, x, xOffset, xStride, weights.in(), bias, out, outOffset, outStride, weights.out());
    splitter.run(
        rows,
        (r, scratch) -> {
          for (int o = 0; o < weights.out(); o++) {
            double sum = bias == null ? 0 : bias[o];
            for (int g = 0; g < weights.groups(); g++) {
              sum += groupSum(x, xOffset + r * xStride, weights, o, g);
            }
            out[outOffset + r * outStride + o] = (float) sum;
          }
        });
  }

  private static double groupSum(
      float[] x, int xOffset, BinaryWeights weights, int row, int group) {
    int from = group * weights.groupSize();
    int to = from + weights.groupSize();
    double total = 0;
    for (int i = 0; i < weights.planes(); i++) {
      double sum = 0;
      for (int k = from; k < to; k++) {
        sum += weights.sign(row, k, i) * (double) x[xOffset + k];
      }
      total += weights.alpha(row, group, i) * sum;
    }
    double sum = 0;
    for (int k = from; k < to; k++) {
      sum += x[xOffset + k];
    }
    return total + weights.offset(row, group) * sum;
  }
}
