package nibble.quant.model;

/**
 * Where a method stands in a recipe, and so in a name such as {@code smoothquant+gptq+qwt}:
 * prepare, then quantize once, then mend.
 */
public enum MethodPlace {
  /**
   * Changes parameters and sites so that the model is easier to quantize. The float model computes
   * what it computed before.
   */
  PREPARE,
  /** Quantizes weights, and activations where the scheme says so. */
  QUANTIZE,
  /** Repairs or adds to what others quantized. */
  MEND
}
