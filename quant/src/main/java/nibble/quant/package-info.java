/** See the module description. */
@NullMarked
package nibble.quant;

import org.jspecify.annotations.NullMarked;
