/**
 * Linear least squares with a ridge over data that comes in pieces: what compensation and probes
 * are made of. Start with {@link nibble.quant.ridge.RidgeRegression}.
 */
@NullMarked
package nibble.quant.ridge;

import org.jspecify.annotations.NullMarked;
