/**
 * Rotations learned for a quantized network: SpinQuant. Start with {@link
 * nibble.quant.spinquant.SpinQuant}.
 */
@NullMarked
package nibble.quant.spinquant;

import org.jspecify.annotations.NullMarked;
