/**
 * AWQ: scales of channels that are searched by the output of a block, and clipping by the output of
 * a group. Start with {@link nibble.quant.awq.Awq} and {@link nibble.quant.awq.ClippedRounding}.
 */
@NullMarked
package nibble.quant.awq;

import org.jspecify.annotations.NullMarked;
