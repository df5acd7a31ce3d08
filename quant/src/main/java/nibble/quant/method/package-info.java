/**
 * What every quantization method offers: a {@link nibble.quant.method.WeightMethod} that chooses
 * codes, and a {@link nibble.quant.method.MethodCard} that says what it is, needs and accepts.
 */
@NullMarked
package nibble.quant.method;

import org.jspecify.annotations.NullMarked;
