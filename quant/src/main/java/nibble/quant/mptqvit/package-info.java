/**
 * MPTQ-ViT: smoothing with a bias, two grids behind GELU with a ratio from data, bits by a greedy
 * choice. Start with {@link nibble.quant.mptqvit.MptqVit}.
 */
@NullMarked
package nibble.quant.mptqvit;

import org.jspecify.annotations.NullMarked;
