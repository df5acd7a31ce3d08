package nibble.quant.range;

import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;

/**
 * The least-squares scale of a symmetric grid by alternation: codes for the scale, then the best
 * scale for the codes,
 *
 * <pre>{@code
 * s <- <x, q> / <q, q>      q = clamp(rint(x / s), -2^(b-1), 2^(b-1) - 1)
 * }</pre>
 *
 * <p>from another search on. No round raises the squared error, up to the rounding of the scale to
 * float; the best round is kept.
 *
 * @param seed where it begins
 * @param rounds at most so many
 */
public record FixedPoint(RangeSearch seed, int rounds) implements RangeSearch {
  public FixedPoint {
    if (rounds < 1 || rounds > 1000) {
      throw new IllegalArgumentException("rounds must be 1 to 1000, was " + rounds);
    }
  }

  @Override
  public Grid fit(String name, IntFormat format, Values values) {
    if (format.isAsymmetric()) {
      throw new IllegalArgumentException(name + ": the fixed point is for symmetric grids");
    }
    Grid best = seed.fit(name, format, values);
    double least = GridFit.error(best, values, 2);
    for (int round = 0; round < rounds; round++) {
      double products = 0;
      double squares = 0;
      for (int i = 0; i < values.count(); i++) {
        float x = values.get(i);
        double q = best.quantize(x);
        products += x * q;
        squares += q * q;
      }
      float scale = (float) (products / squares);
      if (!(squares > 0) || !(scale >= Float.MIN_NORMAL) || scale == best.scale()) {
        return best;
      }
      Grid next = new Grid(format, scale, 0);
      double error = GridFit.error(next, values, 2);
      if (error >= least) {
        return best;
      }
      best = next;
      least = error;
    }
    return best;
  }
}
