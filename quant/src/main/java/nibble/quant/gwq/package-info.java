/**
 * GWQ: the weights with the largest gradients stay in float. Start with {@link
 * nibble.quant.gwq.Gwq}.
 */
@NullMarked
package nibble.quant.gwq;

import org.jspecify.annotations.NullMarked;
