package nibble.quant.model;

import java.util.OptionalDouble;
import nibble.quant.observer.Hessian;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * How far a rounded weight is from the original.
 *
 * @param weight {@code ||W - W^|| / ||W||}; 0 for a weight of zeros that stayed so
 * @param output {@code ||X (W - W^)^T|| / ||X W^T||} over the calibration inputs; empty without
 *     them
 */
record WeightErrors(double weight, OptionalDouble output) {
  static WeightErrors of(Tensor original, float[] rounded, @Nullable Hessian hessian) {
    float[] w = original.toFloats();
    double[] difference = new double[w.length];
    double[] values = new double[w.length];
    double squaredDifference = 0;
    double squared = 0;
    for (int i = 0; i < w.length; i++) {
      values[i] = w[i];
      difference[i] = (double) w[i] - rounded[i];
      squaredDifference += difference[i] * difference[i];
      squared += values[i] * values[i];
    }
    double relative = ratio(squaredDifference, squared);
    if (hessian == null) {
      return new WeightErrors(relative, OptionalDouble.empty());
    }
    int out = original.dim(0);
    return new WeightErrors(
        relative,
        OptionalDouble.of(ratio(hessian.errorOf(difference, out), hessian.errorOf(values, out))));
  }

  private static double ratio(double part, double whole) {
    return part == 0 ? 0 : Math.sqrt(part / whole);
  }
}
