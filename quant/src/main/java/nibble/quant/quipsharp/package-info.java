/**
 * Weights as lattice codes between random rotations: QuIP#. Start with {@link
 * nibble.quant.quipsharp.QuipSharp}.
 */
@NullMarked
package nibble.quant.quipsharp;

import org.jspecify.annotations.NullMarked;
