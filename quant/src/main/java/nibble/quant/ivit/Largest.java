package nibble.quant.ivit;

import java.util.function.UnaryOperator;
import nibble.nn.OperatorForm;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * The largest magnitude that an operator was given; the model computes as before. Serves one thread
 * at a time.
 */
final class Largest implements OperatorForm {
  private final float masked;
  private float magnitude;

  /**
   * @param masked values up to here do not count
   */
  Largest(float masked) {
    this.masked = masked;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x, UnaryOperator<Tensor> own) {
    for (float value : x.toFloats()) {
      if (value > masked) {
        magnitude = Math.max(magnitude, Math.abs(value));
      }
    }
    return own.apply(x);
  }

  /** The scale of signed codes of {@code bits} that cover it; 1 where only zeros passed. */
  double scale(int bits) {
    return magnitude > 0 ? (double) magnitude / ((1 << (bits - 1)) - 1) : 1;
  }
}
