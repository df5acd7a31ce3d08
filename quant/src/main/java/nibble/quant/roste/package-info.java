/**
 * Fine-tuning through rounding in a basis that is chosen layer by layer: RoSTE. Start with {@link
 * nibble.quant.roste.RoSte}.
 */
@NullMarked
package nibble.quant.roste;

import org.jspecify.annotations.NullMarked;
