/**
 * GPLQ: activations by a short, gentle training, then weights without training. Start with {@link
 * nibble.quant.gplq.Gplq}.
 */
@NullMarked
package nibble.quant.gplq;

import org.jspecify.annotations.NullMarked;
