/**
 * Integer formats: which values codes can stand for, which weights share a scale, and how codes are
 * packed.
 *
 * <p>Start with {@link nibble.quant.format.Scheme}, which says all of it for one model in a few
 * letters:
 *
 * <pre>{@code
 * WeightScheme weights = Scheme.parse("W4A16 g128").weights().orElseThrow();
 * QuantizedTensor q = QuantizedTensor.quantize("layers.0.up_proj", w, out, in, weights);
 * float[] back = q.dequantize();      // at most half a scale away from w, where nothing was clipped
 * int[] words = q.pack();             // compressed-tensors "pack-quantized"
 * }</pre>
 */
@NullMarked
package nibble.quant.format;

import org.jspecify.annotations.NullMarked;
