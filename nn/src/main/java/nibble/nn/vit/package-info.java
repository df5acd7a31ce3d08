/**
 * Vision transformers: {@link nibble.nn.vit.ViT} is ViT and DeiT, with and without distillation
 * token.
 */
@NullMarked
package nibble.nn.vit;

import org.jspecify.annotations.NullMarked;
