/**
 * What a model loses when single layers get fewer bits, and bits of single layers as rules. Start
 * with {@link nibble.quant.sensitivity.LayerGroup}.
 */
@NullMarked
package nibble.quant.sensitivity;

import org.jspecify.annotations.NullMarked;
