/**
 * What methods share that keep some weights in float: gradients of weights and the largest scores.
 */
@NullMarked
package nibble.quant.sideweights;

import org.jspecify.annotations.NullMarked;
