package nibble.quant.range;

import java.util.Optional;
import nibble.nn.site.LevelQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * The base of attention probabilities: all of the paper's candidates, by the product with the
 * values. The largest level is 1.
 */
public final class SoftmaxBase {
  private SoftmaxBase() {}

  /**
   * @param probabilities {@code [maps, tokens, tokens]}
   * @param value {@code [maps, tokens, headDim]}
   */
  public static LevelQuantizer fit(
      Ops ops, int bits, Tensor probabilities, Tensor value, LogGrid.Zero zero) {
    Tensor context = ops.matmul(probabilities, value);
    LevelQuantizer best = null;
    double least = Double.POSITIVE_INFINITY;
    for (int q = AdaLogTable.LEAST_Q; q <= AdaLogTable.LARGEST_Q; q++) {
      Optional<LevelQuantizer> candidate = new AdaLogTable(bits, q).quantizer(1, 0, zero);
      if (candidate.isPresent()) {
        try (Scope scope = ops.scope()) {
          double error =
              SquaredError.of(
                  context, ops.matmul(candidate.get().apply(ops, probabilities), value));
          if (best == null || error < least) {
            least = error;
            best = candidate.get();
          }
        }
      }
    }
    if (best == null) {
      throw new IllegalStateException(
          "no base gives a table of rising levels with " + bits + " bits");
    }
    return best;
  }
}
