package nibble.quant.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;

class GridTest {

  @Provide
  Arbitrary<IntFormat> formats() {
    return Combinators.combine(Arbitraries.integers().between(2, 8), Arbitraries.of(Symmetry.class))
        .as(IntFormat::new);
  }

  @Property(tries = 200)
  void valuesInTheRangeAreAtMostHalfAScaleOff(
      @ForAll("formats") IntFormat format,
      @ForAll @FloatRange(min = -100, max = 100) float a,
      @ForAll @FloatRange(min = -100, max = 100) float b,
      @ForAll @FloatRange(min = 0, max = 1) float share) {
    float lo = Math.min(a, b);
    float hi = Math.max(a, b);
    Grid grid = Grid.covering(format, lo, hi);
    float x = lo + share * (hi - lo);
    float bound =
        grid.scale() * 0.5f
            + 4 * Math.ulp(Math.max(Math.abs(x), grid.scale() * (1 << format.bits())));
    assertEquals(x, grid.fakeQuantize(x), bound);
  }

  @Property(tries = 200)
  void codesComeBackUnchanged(
      @ForAll("formats") IntFormat format,
      @ForAll @FloatRange(min = -50, max = 0) float lo,
      @ForAll @FloatRange(min = 0, max = 50) float hi) {
    Grid grid = Grid.covering(format, lo, hi);
    for (int code = format.minCode(); code <= format.maxCode(); code++) {
      assertEquals(code, grid.quantize(grid.dequantize(code)));
    }
    assertEquals(0f, grid.fakeQuantize(0f));
  }

  @Property(tries = 200)
  void codesAreMonotone(
      @ForAll("formats") IntFormat format,
      @ForAll @FloatRange(min = -10, max = 10) float a,
      @ForAll @FloatRange(min = -10, max = 10) float b) {
    Grid grid = Grid.covering(format, -2f, 3f);
    assertTrue(grid.quantize(Math.min(a, b)) <= grid.quantize(Math.max(a, b)));
  }

  @Property(tries = 100)
  void powersOfTwoScaleTheGrid(
      @ForAll("formats") IntFormat format,
      @ForAll @FloatRange(min = -9, max = 9) float lo,
      @ForAll @FloatRange(min = -9, max = 9) float x,
      @ForAll @IntRange(min = -20, max = 20) int power) {
    float factor = Math.scalb(1f, power);
    Grid grid = Grid.covering(format, Math.min(lo, 8f), 8f);
    Grid scaled = Grid.covering(format, factor * Math.min(lo, 8f), factor * 8f);
    assertEquals(factor * grid.fakeQuantize(x), scaled.fakeQuantize(factor * x));
  }

  @Example
  void tiesGoToTheEvenCode() {
    Grid grid = new Grid(IntFormat.symmetric(8), 1f, 0);
    assertEquals(2, grid.quantize(2.5f));
    assertEquals(4, grid.quantize(3.5f));
    assertEquals(-2, grid.quantize(-2.5f));
    assertEquals(0, grid.quantize(0.5f));
  }

  @Example
  void scalesFollowTheirDefinitions() {
    assertEquals(7f / 7f, Grid.covering(IntFormat.symmetric(4), -7f, 3f).scale());
    assertEquals(
        14f / 15f, Grid.covering(new IntFormat(4, Symmetry.SYMMETRIC_OFFSET), -7f, 3f).scale());
    Grid asymmetric = Grid.covering(IntFormat.asymmetric(4), -5f, 10f);
    assertEquals(1f, asymmetric.scale());
    assertEquals(5 - 8, asymmetric.zeroPoint());
    assertEquals(
        Grid.covering(IntFormat.asymmetric(4), 0f, 10f),
        Grid.covering(IntFormat.asymmetric(4), 4f, 10f));
  }

  @Property(tries = 50)
  void rangesWithoutWidthAndExtremeRangesHaveAGrid(@ForAll("formats") IntFormat format) {
    assertEquals(Grid.covering(format, -1f, 1f), Grid.covering(format, 0f, 0f));
    assertEquals(0f, Grid.covering(format, 0f, Float.MIN_VALUE).fakeQuantize(0f));
    assertTrue(Float.isFinite(Grid.covering(format, -Float.MAX_VALUE, Float.MAX_VALUE).scale()));
    assertThrows(IllegalArgumentException.class, () -> Grid.covering(format, Float.NaN, 1f));
    assertThrows(
        IllegalArgumentException.class, () -> Grid.covering(format, 0f, Float.POSITIVE_INFINITY));
    assertThrows(IllegalArgumentException.class, () -> Grid.covering(format, 1f, 0f));
  }
}
