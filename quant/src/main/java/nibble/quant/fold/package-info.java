/**
 * Changes of scale and position that leave a model's function as it is: out of a normalisation into
 * the linear layers that read it, or into the forward pass where nothing before can take them.
 * Start with {@link nibble.quant.fold.ScaleEdges} for scales alone and {@link
 * nibble.quant.fold.ChannelFold} for scales and shifts.
 */
@NullMarked
package nibble.quant.fold;

import org.jspecify.annotations.NullMarked;
