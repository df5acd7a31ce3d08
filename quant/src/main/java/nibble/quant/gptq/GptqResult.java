package nibble.quant.gptq;

import nibble.quant.format.QuantizedTensor;

/**
 * What GPTQ found.
 *
 * @param quantized the codes; a frozen column or element holds the code of 0
 * @param weight {@code [out, in]}: the dequantized codes, and where something is frozen the float
 *     weights that absorbed the others' errors
 * @param error {@code tr(D H D^T)} with {@code D = W - weight} and the damped Hessian, summed up in
 *     the loop as the squares of e
 * @param lambda what was added to the Hessian's diagonal
 * @param retries how often lambda had to be raised before the Hessian could be factored
 */
public record GptqResult(
    QuantizedTensor quantized, float[] weight, double error, double lambda, int retries) {}
