/** See the module description. */
@NullMarked
package nibble.nn;

import org.jspecify.annotations.NullMarked;
