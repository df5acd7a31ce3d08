/**
 * RepQ-ViT: scales per channel while calibrating, per tensor in execution. Start with {@link
 * nibble.quant.repqvit.RepQVit}.
 */
@NullMarked
package nibble.quant.repqvit;

import org.jspecify.annotations.NullMarked;
