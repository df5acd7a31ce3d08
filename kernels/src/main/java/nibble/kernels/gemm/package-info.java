/** FP32 matrix products. Start with {@link nibble.kernels.gemm.Gemm}. */
@NullMarked
package nibble.kernels.gemm;

import org.jspecify.annotations.NullMarked;
