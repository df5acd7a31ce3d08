package nibble.quant.isvit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.site.LevelQuantizer;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.format.IntFormat;
import nibble.quant.range.LogGrid;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The grid of I&S-ViT. */
class ShiftUniformLog2Test {
  private static float[] maps(long seed, int rows, int width) {
    Random random = new Random(seed);
    float[] p = new float[rows * width];
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      for (int i = 0; i < width; i++) {
        p[r * width + i] = (float) Math.exp(2 * random.nextGaussian());
        sum += p[r * width + i];
      }
      for (int i = 0; i < width; i++) {
        p[r * width + i] /= (float) sum;
      }
    }
    return p;
  }

  @Property(tries = 60)
  void valuesFollowTheFormula(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll @IntRange(max = 10) int which,
      @ForAll boolean inner) {
    double eta = ShiftUniformLog2.SHIFTS.get(which);
    float[] x = maps(seed, 8, 16);
    LevelQuantizer quantizer = ShiftUniformLog2.of(bits, x, eta, inner);
    double first = Double.POSITIVE_INFINITY;
    double last = Double.NEGATIVE_INFINITY;
    for (float value : x) {
      first = Math.min(first, -Math.log(value + eta) / Math.log(2));
      last = Math.max(last, -Math.log(value + eta) / Math.log(2));
    }
    double s = Math.max((last - first) / ((1 << bits) - 1), 1e-6);
    double z = -Math.rint(first / s);
    for (float value : x) {
      double t = -Math.log(value + eta) / Math.log(2) / s;
      if (Math.abs(t - Math.floor(t) - 0.5) < 1e-4) {
        continue; // a tie falls to either side
      }
      double exponent = s * (Math.clamp(Math.rint(t) + z, 0, (1 << bits) - 1) - z);
      double expected = Math.max(0, Math.pow(2, -(inner ? Math.rint(exponent) : exponent)) - eta);
      assertEquals(expected, quantizer.fakeQuantize(value), 1e-5 * (1 + expected));
    }
    assertTrue(quantizer.levels().length <= 1 << bits);
    assertTrue(Float.isFinite(quantizer.fakeQuantize(0)));
  }

  @Test
  void withoutShiftItIsLog2() {
    LevelQuantizer log2 = LogGrid.of(4, 1, 1, LogGrid.Zero.NONE);
    LevelQuantizer found = ShiftUniformLog2.of(16, 1, 0, 1e-12, true);
    for (float x = 0x1p-15f; x <= 1; x *= 1.1f) {
      assertEquals(log2.fakeQuantize(x), found.fakeQuantize(x), 1e-6);
    }
  }

  @Test
  void theSearchBeatsAFixedShiftAndUniformGrids() {
    float[] x = maps(3, 64, 197);
    for (int bits : new int[] {3, 4}) {
      double found = ShiftUniformLog2.error(ShiftUniformLog2.search(bits, x, true), x);
      assertTrue(found <= ShiftUniformLog2.error(ShiftUniformLog2.of(bits, x, 0.01, true), x));
      UniformQuantizer uniform =
          SiteGrids.fit(
              "x",
              Tensor.of(x, x.length),
              Shape.of(),
              IntFormat.asymmetric(bits),
              RangeSearch.MIN_MAX,
              Ops.serial());
      float[] rounded = uniform.apply(Ops.serial(), Tensor.of(x, x.length)).toFloats();
      double error = 0;
      for (int i = 0; i < x.length; i++) {
        error += (double) (x[i] - rounded[i]) * (x[i] - rounded[i]);
      }
      assertTrue(
          bits == 4 || found < error,
          "values alone, at 3 bits: " + bits + " bits: " + found + " " + error);
      assertTrue(
          ShiftUniformLog2.error(ShiftUniformLog2.search(bits, x, false), x) < found,
          "integer exponents cost something");
    }
  }

  @Test
  void optionsAreThoseOfTheCard() {
    assertEquals(IsVitOptions.DEFAULTS, IsVitOptions.of(IsVit.CARD.resolve(Map.of())));
  }
}
