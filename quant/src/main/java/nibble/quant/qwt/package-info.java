/**
 * Quantization without Tears: a linear map beside each block repairs it. Start with {@link
 * nibble.quant.qwt.Qwt}.
 */
@NullMarked
package nibble.quant.qwt;

import org.jspecify.annotations.NullMarked;
