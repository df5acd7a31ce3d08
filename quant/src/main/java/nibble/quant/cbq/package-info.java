/**
 * CBQ: roundings and steps learned in windows of several blocks, after outliers were taken care of.
 * Start with {@link nibble.quant.cbq.Cbq}.
 */
@NullMarked
package nibble.quant.cbq;

import org.jspecify.annotations.NullMarked;
