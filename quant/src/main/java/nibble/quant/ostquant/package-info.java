/**
 * Rotations and scales learned together for a quantized network: OSTQuant. Start with {@link
 * nibble.quant.ostquant.OstQuant}.
 */
@NullMarked
package nibble.quant.ostquant;

import org.jspecify.annotations.NullMarked;
