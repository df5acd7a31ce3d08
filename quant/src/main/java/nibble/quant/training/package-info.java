/**
 * Training a model with learned quantizers against the float model: loop, losses, states to resume
 * from. Start with {@link nibble.quant.training.QuantizedTraining}.
 */
@NullMarked
package nibble.quant.training;

import org.jspecify.annotations.NullMarked;
