/**
 * Rounding learned block by block: logits that say up or down for every weight, and the loop that trains them against a block's float output. Start with
 * {@link nibble.quant.reconstruct.BlockReconstructor}.
 */
@NullMarked
package nibble.quant.reconstruct;

import org.jspecify.annotations.NullMarked;
