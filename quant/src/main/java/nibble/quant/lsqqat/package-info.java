/**
 * Training with weights and activations quantized together, by LSQ. Start with {@link
 * nibble.quant.lsqqat.LsqTraining}.
 */
@NullMarked
package nibble.quant.lsqqat;

import org.jspecify.annotations.NullMarked;
