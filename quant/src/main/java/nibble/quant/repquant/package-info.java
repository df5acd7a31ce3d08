/**
 * RepQuant: learned clips of channels before their scales are folded, and learned rounding. Start
 * with {@link nibble.quant.repquant.RepQuant}.
 */
@NullMarked
package nibble.quant.repquant;

import org.jspecify.annotations.NullMarked;
