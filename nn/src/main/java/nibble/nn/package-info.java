/**
 * Building blocks of models. Every place where a quantizer may stand is a {@link nibble.nn.Site}; a
 * linear layer's weight in execution is a {@link nibble.nn.WeightMatrix}; a model is a {@link
 * nibble.nn.Model} made of {@link nibble.nn.Block}s.
 */
@NullMarked
package nibble.nn;

import org.jspecify.annotations.NullMarked;
