/**
 * Parts of a model trained against what the float model makes of them: windows of blocks, two
 * streams of inputs, anything that learns, and losses. Start with {@link
 * nibble.quant.reconstruct.BlockReconstructor}; {@link nibble.quant.reconstruct.BlockWalk} takes it
 * through a model.
 */
@NullMarked
package nibble.quant.reconstruct;

import org.jspecify.annotations.NullMarked;
