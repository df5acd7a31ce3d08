/**
 * RSQ: GPTQ in which tokens count by the attention that goes to them. Start with {@link
 * nibble.quant.rsq.Rsq}.
 */
@NullMarked
package nibble.quant.rsq;

import org.jspecify.annotations.NullMarked;
