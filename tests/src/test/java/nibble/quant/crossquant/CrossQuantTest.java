package nibble.quant.crossquant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import nibble.nn.Linear;
import nibble.nn.decoder.Decoder;
import nibble.nn.site.CrossQuantizer;
import nibble.nn.site.StoredFunctions;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CrossQuantTest {
  private static final int ROWS = 20;
  private static final int WIDTH = 12;

  private final Ops ops = Ops.serial();

  private static float[] outlying(long seed, float size) {
    float[] x = RandomModels.gaussian(new Random(seed), ROWS * WIDTH, 0, 1);
    for (int i = 0; i < ROWS; i++) {
      for (int j : new int[] {1, 5, 8}) {
        x[i * WIDTH + j] *= size;
      }
    }
    return x;
  }

  private static float[] columns(float[] x) {
    float[] c = new float[WIDTH];
    for (int i = 0; i < x.length; i++) {
      c[i % WIDTH] = Math.max(c[i % WIDTH], Math.abs(x[i]));
    }
    return c;
  }

  /**
   * With columns of the tensor itself: the nearest multiple of t^alpha c^(1 - alpha) / qmax, and
   * nothing is clipped.
   */
  @Property(tries = 60)
  void theStepIsTheGeometricMeanAndNothingIsClipped(
      @ForAll @IntRange(max = 10_000) int seed,
      @ForAll @IntRange(min = 3, max = 8) int bits,
      @ForAll @DoubleRange(min = 0, max = 1) double alpha) {
    float[] x = outlying(seed, 10);
    float[] c = columns(x);
    float[] f = new float[WIDTH];
    for (int j = 0; j < WIDTH; j++) {
      f[j] = (float) Math.pow(c[j], 1 - alpha);
    }
    CrossQuantizer quantizer = new CrossQuantizer(bits, alpha, Tensor.of(f, WIDTH));
    float[] divided = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      divided[i] = x[i] / f[i % WIDTH];
    }
    float[] y = quantizer.apply(ops, Tensor.of(divided, ROWS, WIDTH)).toFloats();
    int top = (1 << (bits - 1)) - 1;
    for (int row = 0; row < ROWS; row++) {
      double t = 0;
      for (int j = 0; j < WIDTH; j++) {
        t = Math.max(t, Math.abs(x[row * WIDTH + j]));
      }
      for (int j = 0; j < WIDTH; j++) {
        int i = row * WIDTH + j;
        double step = Math.pow(t, alpha) * Math.pow(c[j], 1 - alpha) / top;
        double code = y[i] * f[j] / step;
        assertEquals(Math.rint(code), code, 1e-3);
        assertTrue(Math.abs(code) <= top + 1e-3 && Math.abs(x[i]) <= step * top * (1 + 1e-5));
        assertTrue(Math.abs(y[i] * f[j] - x[i]) <= step * 0.501, "nearest");
      }
    }
    float[] again =
        StoredFunctions.of(quantizer.stored())
            .apply(ops, Tensor.of(divided, ROWS, WIDTH))
            .toFloats();
    assertArrayEquals(y, again);
  }

  @Test
  void theEndsArePerTokenAndPerChannel() {
    float[] x = outlying(3, 20);
    float[] ones = new float[WIDTH];
    Arrays.fill(ones, 1);
    float[] perToken =
        new CrossQuantizer(4, 1, Tensor.of(ones, WIDTH))
            .apply(ops, Tensor.of(x, ROWS, WIDTH))
            .toFloats();
    float[] c = columns(x);
    float[] divided = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      divided[i] = x[i] / c[i % WIDTH];
    }
    float[] perChannel =
        new CrossQuantizer(4, 0, Tensor.of(c, WIDTH))
            .apply(ops, Tensor.of(divided, ROWS, WIDTH))
            .toFloats();
    for (int i = 0; i < x.length; i++) {
      float t = 0;
      for (int j = 0; j < WIDTH; j++) {
        t = Math.max(t, Math.abs(x[i / WIDTH * WIDTH + j]));
      }
      assertEquals(Math.rint(x[i] / (t / 7)) * (t / 7), perToken[i], 1e-4 * t);
      float column = c[i % WIDTH];
      assertEquals(
          Math.rint(x[i] / (column / 7)) * (column / 7), perChannel[i] * column, 1e-4 * column);
    }
  }

  /**
   * Three channels of twelve are 30 times as large: fewer of the others become 0, the fewer the
   * smaller alpha.
   */
  @Test
  void fewerElementsBecomeZero() {
    float[] x = outlying(7, 30);
    float[] c = columns(x);
    long before = Long.MAX_VALUE;
    for (double alpha : new double[] {1, 0.5, 0.15}) {
      float[] f = new float[WIDTH];
      float[] divided = new float[x.length];
      for (int j = 0; j < WIDTH; j++) {
        f[j] = (float) Math.pow(c[j], 1 - alpha);
      }
      for (int i = 0; i < x.length; i++) {
        divided[i] = x[i] / f[i % WIDTH];
      }
      KernelFraction kernel =
          new KernelFraction(new CrossQuantizer(8, alpha, Tensor.of(f, WIDTH)), f, true);
      kernel.apply(ops, Tensor.of(divided, ROWS, WIDTH));
      assertEquals(x.length, kernel.elements());
      assertTrue(kernel.crossed() < before, alpha + ": " + kernel.crossed());
      assertTrue(
          alpha == 1
              ? kernel.crossed() == kernel.perToken()
              : kernel.crossed() < kernel.perToken());
      before = kernel.crossed();
    }
  }

  /** A value above its column on calibration data is not clipped: its row takes a larger step. */
  @Test
  void valuesAboveTheirColumnAreNotClipped() {
    CrossQuantizer quantizer = new CrossQuantizer(8, 0.15, Tensor.of(new float[] {1, 1}, 2));
    float[] y = quantizer.apply(ops, Tensor.of(new float[] {500, 3, 0.5f, 0.2f}, 2, 2)).toFloats();
    assertEquals(500, y[0], 1e-3);
    assertEquals(0.5, y[2], 0.004);
  }

  @Test
  void aRowOfZerosStaysZero() {
    CrossQuantizer quantizer = new CrossQuantizer(8, 0.15, Tensor.of(new float[] {1, 2}, 2));
    assertArrayEquals(new float[2], quantizer.apply(ops, Tensor.of(new float[2], 1, 2)).toFloats());
    assertThrows(
        IllegalArgumentException.class, () -> quantizer.apply(ops, Tensor.of(new float[3], 1, 3)));
    assertThrows(
        IllegalArgumentException.class,
        () -> new CrossQuantizer(8, 0.15, Tensor.of(new float[] {0}, 1)));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aModelRunsPackedCloseToItsFloatSelf(boolean fold) {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 3);
    Tensor input = RandomTextModels.input(20, 2);
    try (var inference = ops.noGrad()) {
      float[] before = model.forward(ops, input).toFloats();
      SampleSource samples = SampleSource.of(List.of(Samples.unlabelled(input)));
      MethodReport report =
          new CrossQuant(new CrossQuantOptions(0.15, fold))
              .apply(ModelTask.of(ops, model, () -> model, samples, Scheme.parse("W8A8"), 0));
      assertTrue(model.linears().stream().allMatch(Linear::isReplaced));
      assertEquals(model.linears().size(), report.layers().size());
      assertEquals(
          1,
          model.sites().get("layers.1.mlp.down.input").functions().stream()
              .filter(CrossQuantizer.class::isInstance)
              .count());
      double change = RandomModels.relativeDifference(model.forward(ops, input).toFloats(), before);
      assertTrue(change > 0 && change < 0.05, "relative difference " + change);
      assertTrue(
          report.facts().get("crossquant.kernel")
              <= report.facts().get("crossquant.kernel.per-token"));
    }
  }

  @Test
  void schemesThatMakeNoSenseAreRefused() {
    CrossQuant method = new CrossQuant(CrossQuantOptions.DEFAULTS);
    for (String scheme : List.of("W8A16", "W16A16", "W8A8 a:static")) {
      assertThrows(
          IllegalArgumentException.class, () -> method.check(Scheme.parse(scheme)), scheme);
    }
    method.check(Scheme.parse("W4A8 g32"));
  }
}
