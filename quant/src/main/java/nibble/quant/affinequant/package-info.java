/**
 * AffineQuant: clipping of weights and affine equivalent maps learned block by block. Start with
 * {@link nibble.quant.affinequant.AffineQuant}.
 */
@NullMarked
package nibble.quant.affinequant;

import org.jspecify.annotations.NullMarked;
