/**
 * Maps inside a block that leave its function as it is and are learned: scales and shifts behind a
 * normalisation, maps of values, queries and keys head by head. Start with {@link
 * nibble.quant.equivalence.BlockMaps}.
 */
@NullMarked
package nibble.quant.equivalence;

import org.jspecify.annotations.NullMarked;
