/**
 * Kernels that treat a matrix row by row: softmax, norms, activation functions, reductions,
 * quantization to a grid. All work on row-major {@code float[]} arrays with an offset in elements,
 * on the calling thread; a caller that has several threads hands each a block of rows. Rows are
 * contiguous (row stride = {@code columns}). Every kernel is stateless and thread-safe.
 *
 * <p>Each contract ({@link nibble.kernels.rowwise.Softmax}, {@link
 * nibble.kernels.rowwise.LayerNorm}, ...) gives its implementation for this machine by {@code
 * best()}:
 *
 * <pre>{@code
 * Softmax.best().forward(tokens, tokens, scores, 0, scores, 0);   // in place
 * }</pre>
 */
@NullMarked
package nibble.kernels.rowwise;

import org.jspecify.annotations.NullMarked;
