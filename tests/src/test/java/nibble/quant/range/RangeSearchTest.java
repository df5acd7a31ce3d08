package nibble.quant.range;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import nibble.nn.site.LevelQuantizer;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Ranges and grids found for values. */
class RangeSearchTest {
  private static float[] heavyTailed(long seed, int count) {
    float[] x = RandomModels.gaussian(new Random(seed), count, 0.2f, 1);
    for (int i = 0; i < count; i++) {
      x[i] = x[i] * x[i] * x[i];
    }
    return x;
  }

  @Property(tries = 200)
  void quantilesAreThoseOfTheSortedValues(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 300) int count,
      @ForAll @Scale(7) @DoubleRange(min = 0, max = 1) double p) {
    float[] x = heavyTailed(seed, count);
    for (int i = 0; i < count; i += 3) {
      x[i] = x[0]; // ties
    }
    float[] sorted = x.clone();
    Arrays.sort(sorted);
    double position = p * (count - 1);
    int below = (int) Math.floor(position);
    float expected =
        sorted[below]
            + (float)
                ((position - below)
                    * ((double) sorted[Math.min(count - 1, below + 1)] - sorted[below]));
    Quantiles quantiles = new Quantiles(x);
    assertEquals(
        sorted[count / 2],
        quantiles.at(count == 1 ? 0 : (double) (count / 2) / (count - 1)),
        1e-5 * (1 + Math.abs(sorted[count / 2])));
    assertEquals(expected, quantiles.at(p), 1e-5 * (1 + Math.abs(expected)));
  }

  @Property(tries = 50)
  void percentileSearchIsNoWorseThanAnyCandidate(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll boolean symmetric) {
    IntFormat format = symmetric ? IntFormat.symmetric(bits) : IntFormat.asymmetric(bits);
    Values values = Values.of(heavyTailed(seed, 500));
    double found = GridFit.error(RangeSearch.PERCENTILES.fit("x", format, values), values, 2);
    for (double p : List.of(0.999, 0.9999, 0.99999)) {
      assertTrue(
          found
              <= GridFit.error(new Percentiles(List.of(p), 2).fit("x", format, values), values, 2));
    }
    double both =
        GridFit.error(
            RangeSearch.bestOf(RangeSearch.PERCENTILES, RangeSearch.SHRINK)
                .fit("x", format, values),
            values,
            2);
    assertTrue(both <= found);
  }

  @Property(tries = 50)
  void fixedPointNeverRaisesTheError(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits) {
    IntFormat format = IntFormat.symmetric(bits);
    Values values = Values.of(heavyTailed(seed, 400));
    double before = GridFit.error(RangeSearch.MIN_MAX.fit("x", format, values), values, 2);
    for (int rounds : new int[] {1, 2, 5, 20, 50}) {
      double error =
          GridFit.error(
              new FixedPoint(RangeSearch.MIN_MAX, rounds).fit("x", format, values), values, 2);
      assertTrue(error <= before, rounds + " rounds: " + error + " > " + before);
      before = error;
    }
  }

  @Property(tries = 50)
  void minMaxErrorFallsWithEveryBit(@ForAll long seed) {
    Values values = Values.of(heavyTailed(seed, 400));
    double before = Double.POSITIVE_INFINITY;
    for (int bits = 3; bits <= 8; bits++) {
      Grid grid = RangeSearch.MIN_MAX.fit("x", IntFormat.asymmetric(bits), values);
      for (int i = 0; i < values.count(); i++) {
        assertTrue(
            Math.abs(grid.fakeQuantize(values.get(i)) - values.get(i))
                <= 0.5001f * grid.scale() + 1e-6f * Math.abs(values.get(i)));
      }
      double error = GridFit.error(grid, values, 2);
      assertTrue(error < before, bits + " bits");
      before = error;
    }
  }

  @Property(tries = 100)
  void logGridsRoundTheExponent(
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll @Scale(7) @DoubleRange(min = 0.001, max = 4) double delta,
      @ForAll @Scale(7) @DoubleRange(min = 0.2, max = 1) double step,
      @ForAll @Scale(7) @DoubleRange(min = 1e-6, max = 1) double share) {
    float x = (float) (delta * share);
    LevelQuantizer grid = LogGrid.of(bits, (float) delta, step, LogGrid.Zero.EXTRA);
    double k = Math.rint(-Math.log((double) x / (float) delta) / Math.log(2) / step);
    double exact = -Math.log((double) x / (float) delta) / Math.log(2) / step;
    double expected = k >= 1 << bits ? 0 : (float) delta * Math.pow(2, -k * step);
    if (Math.abs(exact - Math.floor(exact) - 0.5) > 1e-4) {
      assertEquals(expected, grid.fakeQuantize(x), 1e-6 * delta);
    }
    if (k < 1 << bits) {
      assertTrue(
          Math.abs(grid.fakeQuantize(x) - x) <= (Math.pow(2, step / 2) - 1 + 1e-5) * x,
          "relative error of half a step");
    }
    assertEquals((float) delta, grid.fakeQuantize((float) (2 * delta)));
    for (LogGrid.Zero zero : List.of(LogGrid.Zero.RESERVED, LogGrid.Zero.NONE)) {
      int levels = LogGrid.of(bits, (float) delta, step, zero).levels().length;
      assertTrue(
          bits < 7 ? levels == 1 << bits : levels <= 1 << bits,
          levels + " levels: fewer only where floats end");
    }
    assertEquals(0f, LogGrid.of(bits, (float) delta, step, LogGrid.Zero.RESERVED).fakeQuantize(0));
  }

  /** RepQ-ViT computes {@code 2^(-ceil(k / 2)) (1 + (k mod 2)(sqrt2 - 1)) delta}. */
  @Property(tries = 60)
  void squareRootLevelsHaveTheParityForm(
      @ForAll @IntRange(min = 2, max = 6) int bits,
      @ForAll @Scale(7) @DoubleRange(min = 0.01, max = 1) double delta) {
    float[] levels = LogGrid.of(bits, (float) delta, 0.5, LogGrid.Zero.EXTRA).levels();
    for (int k = 0; k < 1 << bits; k++) {
      double parity =
          Math.pow(2, -Math.ceil(k / 2.0)) * (1 + k % 2 * (Math.sqrt(2) - 1)) * (float) delta;
      assertEquals(parity, levels[levels.length - 1 - k], Math.ulp((float) parity));
    }
  }

  @Test
  void badValuesAreNamed() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    RangeSearch.PERCENTILES.fit(
                        "blocks.0.x",
                        IntFormat.asymmetric(4),
                        Values.of(new float[] {1, Float.NaN})))
            .getMessage();
    assertTrue(message.startsWith("blocks.0.x"), message);
    assertThrows(IllegalArgumentException.class, () -> new Percentiles(List.of(0.4), 2));
    assertThrows(IllegalArgumentException.class, () -> new FixedPoint(RangeSearch.MIN_MAX, 0));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new FixedPoint(RangeSearch.MIN_MAX, 3)
                .fit("x", IntFormat.asymmetric(4), Values.of(new float[] {1})));
    assertThrows(IllegalArgumentException.class, () -> new Values(new float[4], 1, 4, 1));
    assertThrows(IllegalArgumentException.class, () -> LogGrid.of(4, 0, 1, LogGrid.Zero.NONE));
  }
}
