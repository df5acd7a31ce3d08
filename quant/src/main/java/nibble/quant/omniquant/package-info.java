/**
 * OmniQuant: clipping of weights and equivalent transformations learned block by block. Start with
 * {@link nibble.quant.omniquant.OmniQuant}.
 */
@NullMarked
package nibble.quant.omniquant;

import org.jspecify.annotations.NullMarked;
