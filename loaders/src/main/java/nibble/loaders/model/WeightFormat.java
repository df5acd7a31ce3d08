package nibble.loaders.model;

/** How quantized weights are written. */
public enum WeightFormat {
  /** {@code pack-quantized} of compressed-tensors, which holds everything that Nibble executes. */
  COMPRESSED_TENSORS,

  /** GPTQ: weights of one bit width for all layers, inputs in float; scales are rounded to F16. */
  GPTQ
}
