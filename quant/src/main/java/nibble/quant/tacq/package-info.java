/**
 * TaCQ: the weights that a task depends on stay in float. Start with {@link
 * nibble.quant.tacq.Tacq}.
 */
@NullMarked
package nibble.quant.tacq;

import org.jspecify.annotations.NullMarked;
