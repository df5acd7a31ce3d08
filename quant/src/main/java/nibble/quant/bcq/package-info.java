/**
 * Binary-coding quantization: a weight as a sum of a few signed scales. Start with {@link
 * nibble.quant.bcq.Bcq}.
 */
@NullMarked
package nibble.quant.bcq;

import org.jspecify.annotations.NullMarked;
