/**
 * Tensors, the operators on them, and reverse-mode differentiation. Start with {@link
 * nibble.tensor.Tensor}.
 */
@NullMarked
package nibble.tensor;

import org.jspecify.annotations.NullMarked;
