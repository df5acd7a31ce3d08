package nibble.quant.cbq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
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
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.rounding.RoundingDrive;
import nibble.quant.rounding.RoundingGrid;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class CbqTest {
  private static final RandomTextModels.Shape SHAPE =
      new RandomTextModels.Shape(4, 2, 8, 3, 48, false, false, false, true, 0);
  private static final CbqOptions QUICK = new CbqOptions(2, 30, 4, 3, 1e-2, 2e-3, 0.01, true);

  private final Ops ops = Ops.serial();

  @Property(tries = 30)
  void gaussianValuesHaveNextToNoOutliers(
      @ForAll long seed, @ForAll @IntRange(min = 500, max = 3000) int count) {
    Outliers outliers = Outliers.of(RandomModels.gaussian(new Random(seed), count, 0, 0.1f));
    assertTrue(outliers.count() <= 0.01 * count, outliers + " of " + count);
  }

  /**
   * Planted far from the rest, and near each other, they are found exactly; the bound is the
   * largest of the rest.
   */
  @Property(tries = 60)
  void plantedOutliersAreFoundExactly(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int planted) {
    Random random = new Random(seed);
    float[] x = RandomModels.gaussian(random, 1000, 0, 1);
    float largest = 0;
    for (int i = planted; i < x.length; i++) {
      x[i] = Math.clamp(x[i], -3.5f, 3.5f);
      largest = Math.max(largest, Math.abs(x[i]));
    }
    for (int i = 0; i < planted; i++) {
      x[i] = (random.nextBoolean() ? 1 : -1) * (20 + 0.5f * random.nextFloat());
    }
    Outliers outliers = Outliers.of(x);
    assertEquals(planted, outliers.count());
    assertEquals(largest, outliers.bound());
    assertTrue(outliers.threshold() < 3.5f && outliers.threshold() > 2);
  }

  @Test
  void equalAndEmptyValuesHaveNone() {
    assertEquals(0, Outliers.of(new float[] {1, 1, 1, 1}).count());
    assertEquals(0, Outliers.of(new float[0]).count());
    assertEquals(0, Outliers.of(new float[] {-2}).count());
  }

  /** The scales of outlier channels are folded: logits stay, and the channels become smaller. */
  @Test
  void outlierChannelsAreScaledExactly() {
    Model model = RandomTextModels.llama(SHAPE, 1);
    float[] gain =
        model.requireResidualStructure().readers().getFirst().norm().gain().floats().toFloats();
    Arrays.fill(gain, 1);
    gain[3] = 60;
    model
        .requireResidualStructure()
        .readers()
        .getFirst()
        .norm()
        .gain()
        .set(Tensor.of(gain, gain.length));
    try (var inference = ops.noGrad()) {
      float[] before = model.forward(ops, RandomTextModels.input(9, 3)).toFloats();
      assertTrue(Preprocessing.scaleChannels(task(model, "W4A4")) >= 1);
      assertTrue(
          RandomModels.relativeDifference(
                  model.forward(ops, RandomTextModels.input(9, 3)).toFloats(), before)
              < 1e-4);
    }
    float after =
        model.requireResidualStructure().readers().getFirst().norm().gain().floats().toFloats()[3];
    assertTrue(after > 2 && after < 30, "gain " + after);
  }

  @Test
  void outliersOfWeightsAreCutOff() {
    Linear linear = RandomTextModels.llama(SHAPE, 1).linear("layers.0.attn.o");
    float[] w = linear.weight().peek().toFloats();
    float[] rest = w.clone();
    rest[5] = 0;
    w[5] = 10;
    linear.setWeight(Tensor.of(w, linear.out(), linear.in()));
    assertEquals(1, Preprocessing.truncate(linear));
    assertEquals(Outliers.of(rest).bound(), linear.weight().peek().toFloats()[5]);
  }

  /**
   * Begins as round to nearest; codes stay floor or ceiling of the first steps whatever was
   * learned; learned steps change scales alone.
   */
  @Property(tries = 20)
  void codesStayBesideTheWeight(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 4) int bits, @ForAll boolean asymmetric) {
    Linear linear = RandomTextModels.llama(SHAPE, seed).linear("layers.0.attn.o");
    float[] w = linear.weight().peek().toFloats();
    QuantParams params;
    try (WorkSplitter serial = WorkSplitter.serial()) {
      IntFormat format = asymmetric ? IntFormat.asymmetric(bits) : IntFormat.symmetric(bits);
      params =
          QuantParams.fit(
              "w",
              w,
              0,
              linear.out(),
              linear.in(),
              format,
              new Granularity.PerGroup(8),
              ClipSearch.mse(),
              serial);
    }
    LowRankRounding rounding =
        new LowRankRounding(
            linear, params, new LowRankRounding.Rates(3, 0.01, 0.01), RoundingDrive.DEFAULTS, seed);
    QuantizedTensor start = rounding.codes(ops);
    RoundingGrid grid = new RoundingGrid(w, params);
    byte[] nearest = params.quantize("w", w, 0);
    for (int i = 0; i < w.length; i++) {
      assertTrue(start.codes()[i] == nearest[i] || Math.abs(grid.share(i) - 0.5) < 1e-3);
    }
    assertArrayEquals(params.scales(), start.params().scales());
    Random random = new Random(seed);
    rounding
        .groups()
        .forEach(
            group ->
                group
                    .parameters()
                    .forEach(
                        leaf -> {
                          for (int i = 0; i < leaf.size(); i++) {
                            leaf.array()[i] += 0.5f * (float) random.nextGaussian();
                          }
                        }));
    QuantizedTensor learned = rounding.codes(ops);
    byte[] down = grid.codes(new float[w.length], 1).codes();
    int changed = 0;
    for (int i = 0; i < w.length; i++) {
      int above = learned.codes()[i] - down[i];
      assertTrue(above == 0 || above == 1, "floor or ceiling");
      changed += learned.codes()[i] == nearest[i] ? 0 : 1;
    }
    assertTrue(changed > 0);
    rounding.useHard(true);
    assertArrayEquals(
        learned.dequantize(), rounding.apply(ops, linear.weight().floats()).toFloats());
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

  /** Every window gets better, packed is simulation, the same task gives the same model. */
  @Test
  void windowsGetBetterAndRunPacked() {
    for (String scheme : new String[] {"W3A16 w:asym", "W4A4"}) {
      Model model = RandomTextModels.llama(SHAPE, 1);
      MethodReport report = new Cbq(QUICK).apply(task(model, scheme));
      for (int i = 0; i < 3; i++) {
        double before = report.facts().get("loss of the window before/layers." + i);
        double after = report.facts().get("loss of the window after/layers." + i);
        assertTrue(
            after <= before && (i > 0 || after < 0.95 * before),
            scheme + ", layer " + i + ": " + before + " to " + after);
      }
      Model again = RandomTextModels.llama(SHAPE, 1);
      assertEquals(report.facts(), new Cbq(QUICK).apply(task(again, scheme)).facts());
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
    assertThrows(IllegalArgumentException.class, () -> new CbqOptions(0, 1, 1, 1, 0, 0, 0, true));
    assertThrows(
        IllegalArgumentException.class, () -> new Cbq(QUICK).check(Scheme.parse("W16A16")));
  }
}
