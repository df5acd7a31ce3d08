/** Rules about the whole code base: who may know whom, and what no class may do. */
@NullMarked
package nibble.architecture;

import org.jspecify.annotations.NullMarked;
