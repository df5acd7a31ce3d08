/**
 * Rounding as a choice between the two grid points around each weight, and variables from 0 to 1
 * that learn it. Start with {@link nibble.quant.rounding.RoundingGrid}.
 */
@NullMarked
package nibble.quant.rounding;

import org.jspecify.annotations.NullMarked;
