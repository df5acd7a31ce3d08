/**
 * Quantizers whose scale is learned: the operators of LSQ and LSQ+, what stands in a site while
 * training, and LSQ as a method. Start with {@link nibble.quant.lsq.LsqFunction}.
 */
@NullMarked
package nibble.quant.lsq;

import org.jspecify.annotations.NullMarked;
