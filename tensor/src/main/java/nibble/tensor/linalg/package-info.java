/**
 * Dense linear algebra in double precision on row-major {@code double[]}. Start with {@link
 * nibble.tensor.linalg.Cholesky}.
 */
@NullMarked
package nibble.tensor.linalg;

import org.jspecify.annotations.NullMarked;
