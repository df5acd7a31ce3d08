/**
 * A2Q and A2Q+: weights whose integer products provably fit a narrow accumulator. Start with {@link
 * nibble.quant.a2q.A2q}.
 */
@NullMarked
package nibble.quant.a2q;

import org.jspecify.annotations.NullMarked;
