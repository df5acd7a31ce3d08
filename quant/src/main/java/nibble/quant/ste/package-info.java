/**
 * Rounding and clipping with stand-in derivatives: the smallest parts of quantized training. Start
 * with {@link nibble.quant.ste.SteRound}.
 */
@NullMarked
package nibble.quant.ste;

import org.jspecify.annotations.NullMarked;
