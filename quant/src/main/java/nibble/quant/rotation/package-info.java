/**
 * Function-preserving changes of basis: normalisations folded away, the residual stream rotated,
 * values and feed-forward inputs rotated. Start with {@link nibble.quant.rotation.ModelRotation}.
 *
 * <p>Ashkboos et al., QuaRot, <a href="https://arxiv.org/abs/2404.00456">arXiv:2404.00456</a>.
 */
@NullMarked
package nibble.quant.rotation;

import org.jspecify.annotations.NullMarked;
