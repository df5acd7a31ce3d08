package nibble.quant.ptq4vit;

import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code sum (G (O - O^))^2 / rows}: how far an output is from the one in float, weighted by
 * gradients.
 *
 * @param output in float, {@code [..., width]}
 * @param gradient of the same shape; null for ones
 */
record OutputDistance(float[] output, float @Nullable [] gradient, int rows) {
  static OutputDistance of(Tensor output, @Nullable Tensor gradient) {
    int width = output.dim(-1);
    return new OutputDistance(
        output.toFloats(),
        gradient == null ? null : gradient.toFloats(),
        (int) (output.size() / width));
  }

  double to(Tensor other) {
    float[] values = other.array();
    int at = other.offset();
    double sum = 0;
    for (int i = 0; i < output.length; i++) {
      float error = output[i] - values[at + i];
      float weighted = gradient == null ? error : error * gradient[i];
      sum += weighted * weighted;
    }
    return sum / rows;
  }
}
