/**
 * QUIK: inputs with outliers stay in float, the others are integers. Start with {@link
 * nibble.quant.quik.Quik}.
 */
@NullMarked
package nibble.quant.quik;

import org.jspecify.annotations.NullMarked;
