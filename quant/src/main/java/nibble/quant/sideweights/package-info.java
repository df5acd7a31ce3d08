/**
 * What methods share that keep some weights in float: gradients of weights, the largest scores,
 * ranges without them, codes of a model layer by layer with second moments.
 */
@NullMarked
package nibble.quant.sideweights;

import org.jspecify.annotations.NullMarked;
