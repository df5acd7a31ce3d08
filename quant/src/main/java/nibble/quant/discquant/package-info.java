/**
 * DiscQuant: roundings of all weights chosen end to end against the float model. Start with {@link
 * nibble.quant.discquant.DiscQuant}.
 */
@NullMarked
package nibble.quant.discquant;

import org.jspecify.annotations.NullMarked;
