/**
 * A table of methods and schemes on one model: cells, what is drawn from them, and the two parts of
 * a labelled folder. Start with {@link nibble.cli.table.MethodTable}.
 */
@NullMarked
package nibble.cli.table;

import org.jspecify.annotations.NullMarked;
