/**
 * Mixed precision: more bits where the result depends on them. Start with {@link
 * nibble.quant.mixed.MixedPrecision}.
 */
@NullMarked
package nibble.quant.mixed;

import org.jspecify.annotations.NullMarked;
