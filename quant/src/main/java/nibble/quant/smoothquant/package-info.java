/**
 * SmoothQuant: outliers of activations moved into weights. Start with {@link
 * nibble.quant.smoothquant.SmoothQuant}.
 */
@NullMarked
package nibble.quant.smoothquant;

import org.jspecify.annotations.NullMarked;
