/**
 * I-ViT: softmax, GELU and layer normalisation on integers. Start with {@link
 * nibble.quant.ivit.IVit}.
 */
@NullMarked
package nibble.quant.ivit;

import org.jspecify.annotations.NullMarked;
