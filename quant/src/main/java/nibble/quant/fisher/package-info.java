/**
 * Inputs and outputs of the products of a float model with the gradient at every output: what
 * searches need that judge a quantizer by the output of its layer. Start with {@link
 * nibble.quant.fisher.ProductSamples}.
 */
@NullMarked
package nibble.quant.fisher;

import org.jspecify.annotations.NullMarked;
