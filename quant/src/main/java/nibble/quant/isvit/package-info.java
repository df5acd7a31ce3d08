/**
 * I&S-ViT: a shifted uniform grid of logarithms, and weights tuned in three stages. Start with
 * {@link nibble.quant.isvit.IsVit}.
 */
@NullMarked
package nibble.quant.isvit;

import org.jspecify.annotations.NullMarked;
