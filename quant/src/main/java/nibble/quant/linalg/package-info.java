/**
 * Factorizations of dense matrices in double precision, row-major {@code double[]}.
 *
 * <pre>{@code
 * Cholesky factor = Cholesky.of(h, n, splitter);      // h = U^T U
 * double[] x = factor.solve(b, columns);              // h x = b
 * }</pre>
 */
@NullMarked
package nibble.quant.linalg;

import org.jspecify.annotations.NullMarked;
