/**
 * Norm Tweaking: gains of normalisations changed so that a quantized model's activations look like
 * those of the float model. Start with {@link nibble.quant.normtweak.NormTweaking}.
 */
@NullMarked
package nibble.quant.normtweak;

import org.jspecify.annotations.NullMarked;
