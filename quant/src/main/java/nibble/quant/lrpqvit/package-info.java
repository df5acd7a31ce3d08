/**
 * LRP-QViT: bits of layers by their relevance, and clipped scales of channels before they are
 * folded. Start with {@link nibble.quant.lrpqvit.LrpQVit}.
 */
@NullMarked
package nibble.quant.lrpqvit;

import org.jspecify.annotations.NullMarked;
