/**
 * Elementary functions on vectors, for the kernels of this module; not exported. Needs {@code
 * jdk.incubator.vector}.
 */
@NullMarked
package nibble.kernels.math;

import org.jspecify.annotations.NullMarked;
