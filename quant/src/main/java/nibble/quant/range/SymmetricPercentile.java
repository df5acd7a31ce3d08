package nibble.quant.range;

import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;

/**
 * Covers the largest magnitude between the quantiles {@code tail} and {@code 1 - tail}, to both
 * sides of 0.
 *
 * @param tail share of the values that is cut at each end, below 0.5
 */
public record SymmetricPercentile(double tail) implements RangeSearch {
  public SymmetricPercentile {
    if (!(tail >= 0 && tail < 0.5)) {
      throw new IllegalArgumentException("the tail must be 0 to below 0.5, was " + tail);
    }
  }

  @Override
  public Grid fit(String name, IntFormat format, Values values) {
    float whole = MIN_MAX.fit(name, format, values).highest();
    Quantiles quantiles = new Quantiles(values.toArray());
    float largest = Math.max(Math.abs(quantiles.at(tail)), Math.abs(quantiles.at(1 - tail)));
    return Grid.covering(format, -(largest > 0 ? largest : whole), largest > 0 ? largest : whole);
  }
}
