package nibble.quant.omniquant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.packed.Simulation;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Scheme;
import nibble.quant.format.Symmetry;
import nibble.quant.format.WeightScheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.rtn.Rtn;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class OmniQuantTest {
  private static final RandomTextModels.Shape SHAPE =
      new RandomTextModels.Shape(4, 2, 8, 2, 48, true, false, false, true, 0);
  private static final OmniQuantOptions QUICK =
      new OmniQuantOptions(30, 4, 5e-2, 5e-3, true, 0.5, false);

  private final Ops ops = Ops.serial();

  private static Linear linear(long seed) {
    return RandomTextModels.llama(SHAPE, seed).linear("layers.0.attn.o");
  }

  private static WeightScheme scheme(int bits, Symmetry symmetry, boolean grouped) {
    return new WeightScheme(
        new IntFormat(bits, symmetry),
        grouped ? new Granularity.PerGroup(8) : new Granularity.PerChannel(),
        ClipSearch.none());
  }

  @Property(tries = 40)
  void wholeRangesAreRoundToNearest(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll Symmetry symmetry,
      @ForAll boolean grouped) {
    Linear linear = linear(seed);
    WeightScheme scheme = scheme(bits, symmetry, grouped);
    LearnedClip clip = new LearnedClip(linear, scheme, 0.01);
    float[] w = linear.weight().peek().toFloats();
    try (WorkSplitter serial = WorkSplitter.serial()) {
      float[] nearest =
          Rtn.quantize("w", w, linear.out(), linear.in(), scheme, serial).dequantize();
      assertArrayEquals(nearest, clip.codes().dequantize());
      assertArrayEquals(
          nearest, clip.apply(ops, linear.weight().floats()).toFloats(), "trained as it will run");
      clip.start();
      assertTrue(!Arrays.equals(nearest, clip.codes().dequantize()), "sigma(4) clips a little");
      assertArrayEquals(
          clip.codes().dequantize(), clip.apply(ops, linear.weight().floats()).toFloats());
    }
  }

  /**
   * With rounding straight through, the derivative in a logit is that of the fake quantized weight
   * with the residues {@code rint(t) - t} held fixed: compared with central differences of that, in
   * double.
   */
  @Property(tries = 30)
  void gradientsOfClipsAreStraightThrough(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 4) int bits, @ForAll Symmetry symmetry) {
    Random random = new Random(seed);
    float[] w = RandomModels.gaussian(random, 2 * 8, 0.1f, 1);
    float[] c = RandomModels.gaussian(random, 2 * 8, 0, 1);
    ClipFunction function =
        new ClipFunction(new IntFormat(bits, symmetry), new Granularity.PerChannel());
    Tensor u = Tensor.of(new float[] {0.7f, 1.5f}, 2).requireGrad();
    Tensor l = Tensor.of(new float[] {1.1f, 0.4f}, 2).requireGrad();
    Tensor weight = Tensor.of(w, 2, 8).requireGrad();
    ops.backward(ops.sum(ops.mul(ops.custom(function, weight, u, l), Tensor.of(c, 2, 8))));
    assertTrue(u.grad() != null && l.grad() != null && weight.grad() != null);
    double step = 1e-5;
    for (int row = 0; row < 2; row++) {
      double up = u.toFloats()[row];
      double low = l.toFloats()[row];
      double[] residues = residues(w, row, up, low, function.format());
      double byU =
          (smooth(w, c, row, up + step, low, function.format(), residues)
                  - smooth(w, c, row, up - step, low, function.format(), residues))
              / (2 * step);
      double byL =
          (smooth(w, c, row, up, low + step, function.format(), residues)
                  - smooth(w, c, row, up, low - step, function.format(), residues))
              / (2 * step);
      assertEquals(byU, u.grad().toFloats()[row], 2e-3 * (1 + Math.abs(byU)));
      assertEquals(byL, l.grad().toFloats()[row], 2e-3 * (1 + Math.abs(byL)));
    }
  }

  private static double[] grid(float[] w, int row, double u, double l, IntFormat format) {
    double max = 0;
    double min = 0;
    for (int i = row * 8; i < row * 8 + 8; i++) {
      max = Math.max(max, w[i]);
      min = Math.min(min, w[i]);
    }
    double hi = ClipFunction.sigmoid(u) * max;
    double lo = ClipFunction.sigmoid(l) * min;
    double largest = Math.max(hi, -lo);
    return switch (format.symmetry()) {
      case SYMMETRIC -> new double[] {largest / format.maxCode(), 0};
      case SYMMETRIC_OFFSET -> new double[] {2 * largest / ((1 << format.bits()) - 1), 0};
      case ASYMMETRIC ->
          new double[] {
            (hi - lo) / ((1 << format.bits()) - 1),
            -lo / ((hi - lo) / ((1 << format.bits()) - 1)) + format.minCode()
          };
    };
  }

  /**
   * Of the present logits {@code rint(t) - t} where inside, NaN where clipped below, infinite where
   * clipped above; last that of the zero point.
   */
  private static double[] residues(float[] w, int row, double u, double l, IntFormat format) {
    double[] grid = grid(w, row, u, l, format);
    double[] residues = new double[9];
    residues[8] = Math.rint(grid[1]) - grid[1];
    for (int i = 0; i < 8; i++) {
      double t = w[row * 8 + i] / grid[0];
      double code = Math.rint(t) + Math.rint(grid[1]);
      residues[i] =
          code < format.minCode()
              ? Double.NaN
              : code > format.maxCode() ? Double.POSITIVE_INFINITY : Math.rint(t) - t;
    }
    return residues;
  }

  private static double smooth(
      float[] w, float[] c, int row, double u, double l, IntFormat format, double[] residues) {
    double[] grid = grid(w, row, u, l, format);
    double zeroPoint = grid[1] + residues[8];
    double sum = 0;
    for (int i = 0; i < 8; i++) {
      double level =
          Double.isNaN(residues[i])
              ? format.minCode() - zeroPoint
              : Double.isInfinite(residues[i])
                  ? format.maxCode() - zeroPoint
                  : w[row * 8 + i] / grid[0] + residues[i];
      sum += c[row * 8 + i] * grid[0] * level;
    }
    return sum;
  }

  private ModelTask task(Model model, String scheme) {
    List<Samples> samples =
        IntStream.range(0, 6)
            .mapToObj(i -> Samples.unlabelled(RandomTextModels.input(12, 10 + i)))
            .toList();
    return ModelTask.of(
        ops,
        model,
        () -> RandomTextModels.llama(SHAPE, 1),
        SampleSource.of(samples),
        Scheme.parse(scheme),
        5);
  }

  /**
   * No block is worse than round to nearest on what it was trained with; the packed model is its
   * simulation; the same task gives the same codes.
   */
  @Test
  void blocksGetBetterAndRunPacked() {
    for (String scheme : new String[] {"W3A16", "W3A16 g8 w:asym", "W4A4"}) {
      Model model = RandomTextModels.llama(SHAPE, 1);
      MethodReport report = new OmniQuant(QUICK).apply(task(model, scheme));
      int better = 0;
      for (String block : new String[] {"layers.0", "layers.1"}) {
        double nearest = report.facts().get("error with nearest codes/" + block);
        double learned = report.facts().get("error with learned clips and maps/" + block);
        assertTrue(learned <= nearest);
        better += learned < 0.95 * nearest ? 1 : 0;
      }
      assertTrue(better > 0, scheme + ": no block gained a twentieth");
      assertEquals(model.linears().size(), report.layers().size());
      assertTrue(model.linears().stream().allMatch(Linear::isReplaced));
      Model again = RandomTextModels.llama(SHAPE, 1);
      MethodReport same = new OmniQuant(QUICK).apply(task(again, scheme));
      assertEquals(report.facts(), same.facts());
      try (var inference = ops.noGrad()) {
        float[] packed = model.forward(ops, RandomTextModels.input(9, 3)).toFloats();
        assertArrayEquals(packed, again.forward(ops, RandomTextModels.input(9, 3)).toFloats());
        Simulation.install(model);
        assertTrue(
            RandomModels.relativeDifference(
                    model.forward(ops, RandomTextModels.input(9, 3)).toFloats(), packed)
                < 1e-4,
            scheme);
      }
    }
  }

  @Test
  void wrongSchemesAndOptionsAreRefused() {
    OmniQuant method = new OmniQuant(QUICK);
    assertThrows(IllegalArgumentException.class, () -> method.check(Scheme.parse("W16A16")));
    assertThrows(IllegalArgumentException.class, () -> method.check(Scheme.parse("W4A8 a:static")));
    method.check(Scheme.parse("W4A8 g32 w:asym a:sym"));
    assertThrows(
        IllegalArgumentException.class,
        () -> new OmniQuantOptions(0, 4, 0.01, 0.01, true, 0.5, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> new OmniQuantOptions(5, 4, 0.01, 0.01, true, 2, false).knobs());
    assertEquals(OmniQuantOptions.DEFAULTS, OmniQuantOptions.of(OmniQuant.CARD.resolve(Map.of())));
  }
}
