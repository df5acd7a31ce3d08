/**
 * OFQ: weights whose scale is a statistic, and a finish in which only undecided ones move. Start
 * with {@link nibble.quant.ofq.Ofq}.
 */
@NullMarked
package nibble.quant.ofq;

import org.jspecify.annotations.NullMarked;
