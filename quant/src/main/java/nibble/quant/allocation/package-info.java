/**
 * How many bits each layer gets: sensitivities and exact choice under a budget. Start with {@link
 * nibble.quant.allocation.BitAllocator}.
 */
@NullMarked
package nibble.quant.allocation;

import org.jspecify.annotations.NullMarked;
