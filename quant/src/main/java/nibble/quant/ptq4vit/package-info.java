/**
 * PTQ4ViT: twin uniform grids and scales that are searched by the output of products. Start with
 * {@link nibble.quant.ptq4vit.Ptq4Vit}.
 */
@NullMarked
package nibble.quant.ptq4vit;

import org.jspecify.annotations.NullMarked;
