/**
 * AdaLog: logarithmic grids whose base is searched, with table look-ups instead of powers. Start
 * with {@link nibble.quant.adalog.AdaLog}.
 */
@NullMarked
package nibble.quant.adalog;

import org.jspecify.annotations.NullMarked;
