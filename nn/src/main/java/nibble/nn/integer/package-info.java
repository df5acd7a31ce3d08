/**
 * Non-linear functions of transformers on integers alone, after I-ViT: exponentials by shifts,
 * softmax, GELU, layer normalisation, square roots, changes of scale. A value is a code times a
 * scale. Start with {@link nibble.nn.integer.ShiftExp} for the functions, and with {@link
 * nibble.nn.integer.StoredForm} for the forms in which models run on them.
 */
@NullMarked
package nibble.nn.integer;

import org.jspecify.annotations.NullMarked;
