/**
 * Training with learned clipping of activations and a penalty on kurtosis. Start with {@link
 * nibble.quant.actreg.ActivationRegularization}.
 */
@NullMarked
package nibble.quant.actreg;

import org.jspecify.annotations.NullMarked;
