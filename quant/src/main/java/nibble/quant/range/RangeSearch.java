package nibble.quant.range;

import java.util.Arrays;
import java.util.List;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;

/** Finds a grid for values. Immutable and thread-safe. A new way is a class of its own. */
@FunctionalInterface
public interface RangeSearch {
  /** The whole range. */
  RangeSearch MIN_MAX =
      (name, format, values) ->
          ClipSearch.none()
              .fit(name, format, values.x(), values.offset(), values.count(), values.stride());

  /** The percentiles of RepQ-ViT. */
  RangeSearch PERCENTILES = new Percentiles(List.of(0.999, 0.9999, 0.99999), 2);

  /** Least squares of a symmetric grid by the fixed point, ten rounds from the whole range on. */
  RangeSearch LEAST_SQUARES = new FixedPoint(MIN_MAX, 10);

  /** Least squares by shrinking the range in steps of 1 %. */
  RangeSearch SHRINK = shrink(new ClipSearch.Shrink(2, 80, 100));

  /**
   * The grid for {@code values}.
   *
   * @throws IllegalArgumentException if a value is NaN or infinite; the message starts with {@code
   *     name}
   */
  Grid fit(String name, IntFormat format, Values values);

  /** Shrinks the range, see {@link ClipSearch.Shrink}. */
  static RangeSearch shrink(ClipSearch.Shrink shrink) {
    return (name, format, values) ->
        shrink.fit(name, format, values.x(), values.offset(), values.count(), values.stride());
  }

  /** The better of several searches by the squared error; the earlier one on a tie. */
  static RangeSearch bestOf(RangeSearch... searches) {
    return (name, format, values) ->
        Arrays.stream(searches)
            .map(search -> search.fit(name, format, values))
            .reduce(
                (best, other) ->
                    GridFit.error(other, values, 2) < GridFit.error(best, values, 2) ? other : best)
            .orElseThrow(() -> new IllegalArgumentException("bestOf needs at least one search"));
  }
}
