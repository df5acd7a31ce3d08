/**
 * How grids are found for given values: the whole range, percentiles, shrinking ranges, a fixed
 * point of least squares; and grids on a logarithmic scale. Start with {@link
 * nibble.quant.range.RangeSearch}.
 *
 * <pre>{@code
 * Grid grid = RangeSearch.PERCENTILES.fit("blocks.0.attn.q_out", IntFormat.asymmetric(4), Values.of(x));
 * }</pre>
 */
@NullMarked
package nibble.quant.range;

import org.jspecify.annotations.NullMarked;
