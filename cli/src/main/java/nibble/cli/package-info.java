/** See the module description. */
@NullMarked
package nibble.cli;

import org.jspecify.annotations.NullMarked;
