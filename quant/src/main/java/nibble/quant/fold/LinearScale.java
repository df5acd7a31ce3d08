package nibble.quant.fold;

import java.util.Arrays;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.tensor.Tensor;

/** Factors on rows and columns of linear layers, made when a weight is asked for. */
final class LinearScale {
  private LinearScale() {}

  /** The factor of a column. */
  @FunctionalInterface
  interface Factor {
    float of(int column);
  }

  /** Every output times its factor, the bias too. */
  static void scaleRows(Linear linear, float[] factors) {
    int in = linear.in();
    linear
        .weight()
        .map(
            tensor -> {
              float[] w = tensor.toFloats();
              for (int i = 0; i < w.length; i++) {
                w[i] *= factors[i / in];
              }
              return Tensor.of(w, tensor.shape().dims());
            });
    linear.weightChanged();
    Parameter bias = linear.bias();
    if (bias != null) {
      bias.map(
          tensor -> {
            float[] b = tensor.toFloats();
            for (int i = 0; i < b.length; i++) {
              b[i] *= factors[i];
            }
            return Tensor.of(b, tensor.shape().dims());
          });
    }
  }

  /** Every column divided by its factor. */
  static void divideColumns(Linear linear, Factor factor) {
    int in = linear.in();
    float[] factors = new float[in];
    for (int i = 0; i < in; i++) {
      factors[i] = factor.of(i);
    }
    linear
        .weight()
        .map(
            tensor -> {
              float[] w = tensor.toFloats();
              for (int i = 0; i < w.length; i++) {
                w[i] /= factors[i % in];
              }
              return Tensor.of(w, tensor.shape().dims());
            });
    linear.weightChanged();
  }

  static float[] ones(int length) {
    float[] ones = new float[length];
    Arrays.fill(ones, 1f);
    return ones;
  }
}
