/** Round to nearest: the baseline of every table. */
@NullMarked
package nibble.quant.rtn;

import org.jspecify.annotations.NullMarked;
