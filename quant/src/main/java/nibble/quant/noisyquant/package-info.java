/**
 * NoisyQuant: fixed noise before the quantizer of a linear layer's input, taken out by the bias.
 * Start with {@link nibble.quant.noisyquant.NoisyQuant}.
 */
@NullMarked
package nibble.quant.noisyquant;

import org.jspecify.annotations.NullMarked;
