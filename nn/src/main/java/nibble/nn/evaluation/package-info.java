/**
 * How good a text model is: perplexity, divergence from a reference model, rank correlation of
 * similarities.
 */
@NullMarked
package nibble.nn.evaluation;

import org.jspecify.annotations.NullMarked;
