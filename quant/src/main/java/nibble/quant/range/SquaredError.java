package nibble.quant.range;

import nibble.tensor.Tensor;

/** What candidates of a search are judged by. */
public final class SquaredError {
  private SquaredError() {}

  /** The sum over all elements of two working tensors of one shape, in double. */
  public static double of(Tensor a, Tensor b) {
    double sum = 0;
    int size = Math.toIntExact(a.size());
    for (int i = 0; i < size; i++) {
      double error = (double) a.array()[a.offset() + i] - b.array()[b.offset() + i];
      sum += error * error;
    }
    return sum;
  }
}
