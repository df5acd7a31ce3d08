/**
 * Hadamard transforms: orthogonal changes of basis with entries +-1/sqrt(n) that spread outliers
 * over all elements. Start with {@link nibble.kernels.hadamard.HadamardTransform}, which serves
 * every n that has a construction; {@link nibble.kernels.hadamard.Fwht} is the fast kernel for
 * powers of two.
 *
 * <pre>{@code
 * HadamardTransform h = HadamardTransform.of(768);
 * h.forward(tokens, activations, 0, scratch);      // y = H x / sqrt(n) for each row, in place
 * }</pre>
 */
@NullMarked
package nibble.kernels.hadamard;

import org.jspecify.annotations.NullMarked;
