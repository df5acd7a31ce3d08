package nibble.quant.gptq;

import java.util.Optional;
import nibble.quant.format.QuantizedTensor;

/**
 * What GPTQ found.
 *
 * @param quantized the codes; a frozen column or element holds the code of 0
 * @param absorbed where something is frozen: {@code [out, in]}, the dequantized codes and the float
 *     weights that absorbed the others' errors
 * @param error {@code tr(D H D^T)} with {@code D = W - weight} and the damped Hessian, summed up in
 *     the loop as the squares of e
 * @param lambda what was added to the Hessian's diagonal
 * @param retries how often lambda had to be raised before the Hessian could be factored
 */
public record GptqResult(
    QuantizedTensor quantized,
    Optional<float[]> absorbed,
    double error,
    double lambda,
    int retries) {
  /** {@code [out, in]}: what stands for the weight, codes and frozen weights. */
  public float[] weight() {
    return absorbed.orElseGet(quantized::dequantize);
  }
}
