/**
 * Orthogonal matrices that are learned: steps along gradients that stay on the manifold of
 * orthogonal matrices. Start with {@link nibble.quant.stiefel.StiefelOptimizer}.
 */
@NullMarked
package nibble.quant.stiefel;

import org.jspecify.annotations.NullMarked;
