/** Where the program starts: {@link nibble.cli.Main}. */
@NullMarked
package nibble.cli;

import org.jspecify.annotations.NullMarked;
