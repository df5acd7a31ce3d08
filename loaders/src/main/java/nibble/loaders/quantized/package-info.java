/**
 * Weights that files store as codes: the layouts of compressed-tensors, GPTQ, AWQ, FP8 and our own
 * binary coding, to what executes them and back. Not exported: {@code nibble.loaders.model} uses
 * it.
 */
@NullMarked
package nibble.loaders.quantized;

import org.jspecify.annotations.NullMarked;
