/**
 * Products with low-bit weights, read in their packed form. {@link
 * nibble.kernels.lowbit.IntWeights} holds integer codes with scales and zero points, {@link
 * nibble.kernels.lowbit.IntGemm} multiplies them with float or integer activations; {@link
 * nibble.kernels.lowbit.BinaryWeights} and {@link nibble.kernels.lowbit.LutGemv} do the same for
 * binary-coded weights.
 *
 * <pre>{@code
 * IntWeights weights = IntWeights.packSymmetric(codes, scales, out, in, 4, 128);
 * IntGemm gemm = IntGemm.best();
 * gemm.multiply(rows, x, 0, in, weights, bias, y, 0, out, splitter);                                          // W4A16
 * gemm.multiply(rows, x, 0, in, ActivationQuantizer.perToken(8, true), weights, bias, y, 0, out, splitter);   // W4A8
 * }</pre>
 */
@NullMarked
package nibble.kernels.lowbit;

import org.jspecify.annotations.NullMarked;
