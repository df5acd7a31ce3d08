/**
 * GPTQ: rounding column by column with second-order error feedback. Start with {@link
 * nibble.quant.gptq.Gptq}.
 */
@NullMarked
package nibble.quant.gptq;

import org.jspecify.annotations.NullMarked;
