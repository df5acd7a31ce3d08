/**
 * Tensors, the operators on them, and reverse-mode differentiation. Start with {@code Tensor}.
 */
@NullMarked
package nibble.tensor;

import org.jspecify.annotations.NullMarked;
