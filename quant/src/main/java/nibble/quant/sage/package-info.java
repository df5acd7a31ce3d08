/**
 * SageAttention2: queries and keys of attention quantized per block of tokens, smoothed. Start with
 * {@link nibble.quant.sage.Sage}.
 */
@NullMarked
package nibble.quant.sage;

import org.jspecify.annotations.NullMarked;
