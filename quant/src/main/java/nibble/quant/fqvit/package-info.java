/**
 * FQ-ViT: power-of-two factors for the residual stream, log2 codes for attention. Start with {@link
 * nibble.quant.fqvit.FqVit}.
 */
@NullMarked
package nibble.quant.fqvit;

import org.jspecify.annotations.NullMarked;
