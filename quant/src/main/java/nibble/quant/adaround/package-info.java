/**
 * AdaRound: learns for every weight whether to round up or down. Start with {@link
 * nibble.quant.adaround.AdaRound}.
 */
@NullMarked
package nibble.quant.adaround;

import org.jspecify.annotations.NullMarked;
