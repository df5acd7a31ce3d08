/**
 * Rounding learned block by block: {@link nibble.quant.brecq.Brecq}, and {@link
 * nibble.quant.brecq.QDrop} with quantized activations that are dropped at random.
 */
@NullMarked
package nibble.quant.brecq;

import org.jspecify.annotations.NullMarked;
