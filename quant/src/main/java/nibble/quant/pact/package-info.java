/** PACT: learned bounds of activations. Start with {@link nibble.quant.pact.Pact}. */
@NullMarked
package nibble.quant.pact;

import org.jspecify.annotations.NullMarked;
