/**
 * Function-preserving transforms that are learned by gradient on the network as it will be
 * quantized, then folded into the weights. Start with {@link nibble.quant.tuning.TransformTuning};
 * what is learned is in {@link nibble.quant.tuning.TunedTransforms}.
 */
@NullMarked
package nibble.quant.tuning;

import org.jspecify.annotations.NullMarked;
