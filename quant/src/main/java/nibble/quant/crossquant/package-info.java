/**
 * CrossQuant: activation steps that mix the row's and the column's maximum. Start with {@link
 * nibble.quant.crossquant.CrossQuant}.
 */
@NullMarked
package nibble.quant.crossquant;

import org.jspecify.annotations.NullMarked;
