/** See the module description. */
@NullMarked
package nibble.loaders;

import org.jspecify.annotations.NullMarked;
