/**
 * Non-linear functions of transformers on integers alone, after I-ViT: exponentials by shifts,
 * softmax, GELU, layer normalisation, square roots, changes of scale. A value is a code times a
 * scale. Start with {@link nibble.nn.integer.ShiftExp}. No model runs on them yet: the functions
 * stand for themselves.
 */
@NullMarked
package nibble.nn.integer;

import org.jspecify.annotations.NullMarked;
