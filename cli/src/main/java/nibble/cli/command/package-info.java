/** The commands, one class each: parse, call the libraries, print. */
@NullMarked
package nibble.cli.command;

import org.jspecify.annotations.NullMarked;
