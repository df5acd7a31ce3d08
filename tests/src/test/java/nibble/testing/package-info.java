/** Helpers that tests of all modules share. */
@NullMarked
package nibble.testing;

import org.jspecify.annotations.NullMarked;
