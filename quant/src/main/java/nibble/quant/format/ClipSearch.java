package nibble.quant.format;

/**
 * How the range of a grid is chosen from the values it is for. Shrinking the range clips the
 * largest values and makes all others finer.
 */
public sealed interface ClipSearch {
  /** The whole range. */
  static ClipSearch none() {
    return new Ratio(1f);
  }

  /**
   * The search of the published 4-bit tables: 80 ratios from 1 down to 0.21, error exponent 2.4
   * (GPTQ and QuaRot code).
   */
  static Shrink mse() {
    return new Shrink(2.4, 80, 100);
  }

  /** A fixed share of the range. */
  record Ratio(float ratio) implements ClipSearch {
    public Ratio {
      if (!(ratio > 0 && ratio <= 1)) {
        throw new IllegalArgumentException(
            "clip ratio must be above 0 and at most 1, was " + ratio);
      }
    }
  }

  /**
   * The ratio {@code 1 - i / gridSize}, {@code i < steps}, with the smallest sum of {@code |x -
   * fq(x)|^exponent}; the largest such ratio wins a tie, so the result is never worse than the
   * whole range.
   *
   * @param exponent 2 for the squared error; above 2 spares large values
   */
  record Shrink(double exponent, int steps, int gridSize) implements ClipSearch {
    public Shrink {
      if (!(exponent > 0) || exponent > 16) {
        throw new IllegalArgumentException(
            "error exponent must be above 0 and at most 16, was " + exponent);
      }
      if (steps < 1 || steps > gridSize) {
        throw new IllegalArgumentException(
            "clip search needs 1 <= steps <= grid size, was %d and %d".formatted(steps, gridSize));
      }
    }
  }

  /**
   * The grid for the values {@code x[offset], x[offset + stride], ...}.
   *
   * @throws IllegalArgumentException if a value is NaN or infinite; the message starts with {@code
   *     name}
   */
  default Grid fit(String name, IntFormat format, float[] x, int offset, int count, int stride) {
    Range range = Range.of(name, x, offset, count, stride);
    return switch (this) {
      case Ratio(float ratio) -> Grid.covering(format, ratio * range.lo(), ratio * range.hi());
      case Shrink shrink -> search(shrink, range, format, x, offset, count, stride);
    };
  }

  private static Grid search(
      Shrink shrink, Range range, IntFormat format, float[] x, int offset, int count, int stride) {
    Grid best = Grid.covering(format, range.lo(), range.hi());
    if (range.lo() == 0 && range.hi() == 0) {
      return best;
    }
    PowerTable power = PowerTable.of(shrink.exponent());
    double least = error(best, power, x, offset, count, stride, Double.POSITIVE_INFINITY);
    for (int i = 1; i < shrink.steps(); i++) {
      float ratio = (float) (1 - (double) i / shrink.gridSize());
      Grid grid = Grid.covering(format, ratio * range.lo(), ratio * range.hi());
      double error = error(grid, power, x, offset, count, stride, least);
      if (error < least) {
        least = error;
        best = grid;
      }
    }
    return best;
  }

  /**
   * Sum of {@code |x - fq(x)|^exponent}, given up once it is above {@code limit}. Powers are
   * tabulated: 1e-6 relative on the sum.
   */
  private static double error(
      Grid grid, PowerTable power, float[] x, int offset, int count, int stride, double limit) {
    float scale = grid.scale();
    int zeroPoint = grid.zeroPoint();
    int min = grid.format().minCode();
    int max = grid.format().maxCode();
    double unit = Math.pow(scale, power.exponent()); // sums are kept in units of the scale
    double sum = 0;
    for (int start = 0; start < count && sum * unit <= limit; start += 64) {
      int end = Math.min(count, start + 64);
      for (int i = start; i < end; i++) {
        float steps = x[offset + i * stride] / scale;
        double code = Math.max(min, Math.min(max, Math.rint(steps) + zeroPoint));
        sum += power.at(Math.abs(steps - (code - zeroPoint)));
      }
    }
    return sum * unit;
  }
}
