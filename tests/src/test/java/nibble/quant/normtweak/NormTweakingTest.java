package nibble.quant.normtweak;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.nn.TokenIds;
import nibble.nn.WeightMatrix;
import nibble.nn.decoder.Decoder;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.normtweak.NormTweakingOptions.Tune;
import nibble.quant.observer.Hessian;
import nibble.quant.observer.HessianAccumulator;
import nibble.quant.pipeline.RecipeRunner;
import nibble.quant.rotation.ModelRotation;
import nibble.quant.rotation.RotationOptions;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class NormTweakingTest {
  private static final RandomTextModels.Shape SHAPE =
      new RandomTextModels.Shape(4, 2, 8, 3, 48, false, false, false, false, 0);

  private final Ops ops = Ops.serial();
  private final WorkSplitter serial = WorkSplitter.serial();

  private static SampleSource samples() {
    return SampleSource.of(
        IntStream.range(0, 8)
            .mapToObj(i -> Samples.unlabelled(RandomTextModels.input(12, 10 + i)))
            .toList());
  }

  private static NormTweakingOptions options(Tune tune) {
    return new NormTweakingOptions(tune, 0, 20, 4, 5e-3, 1, false);
  }

  private static Map<String, float[]> values(Model model) {
    return model.parameters().stream()
        .collect(Collectors.toMap(Parameter::name, p -> p.peek().toFloats()));
  }

  private MethodReport quantize(Model model, String method) {
    return quantize(model, SHAPE, method);
  }

  private MethodReport quantize(Model model, RandomTextModels.Shape shape, String method) {
    MethodCatalogue catalogue = MethodCatalogue.standard();
    return new RecipeRunner(
            catalogue, Presets.recipe(catalogue, method, Map.of(), Scheme.parse("W3A8"), 1))
        .run(
            ops,
            model,
            () -> RandomTextModels.llama(shape, 1),
            samples(),
            1,
            MethodProgress.NONE,
            ResumeStore.NONE);
  }

  private ModelTask task(Model model) {
    return ModelTask.of(
        ops, model, () -> RandomTextModels.llama(SHAPE, 1), samples(), Scheme.parse("W3A8"), 1);
  }

  /**
   * Only gains change, packed weights are the same objects, the loss falls, and the blocks' outputs
   * change with the gains.
   */
  @Test
  void onlyGainsChange() {
    for (Tune tune : Tune.values()) {
      Model model = RandomTextModels.llama(SHAPE, 1);
      MethodReport unused = quantize(model, "rtn");
      Map<String, float[]> before = values(model);
      List<WeightMatrix> packed = model.linears().stream().map(Linear::matrix).toList();
      MethodReport report = new NormTweaking(options(tune)).apply(task(model));
      Map<String, float[]> after = values(model);
      Set<String> changed =
          before.keySet().stream()
              .filter(name -> !Arrays.equals(before.get(name), after.get(name)))
              .collect(Collectors.toSet());
      assertTrue(
          !changed.isEmpty()
              && changed.stream().allMatch(name -> name.endsWith("layernorm.weight")),
          "changed: " + changed);
      for (int i = 0; i < packed.size(); i++) {
        assertSame(packed.get(i), model.linears().get(i).matrix());
        assertTrue(model.linears().get(i).input().isIdentity());
      }
      double gained = 0;
      for (int i = 0; i < 3; i++) {
        double first = report.facts().get("norm-tweaking.layers." + i + ".before");
        double last = report.facts().get("norm-tweaking.layers." + i + ".after");
        assertTrue(last <= first);
        gained = Math.max(gained, 1 - last / first);
      }
      assertTrue(gained > 0.02, tune + ": gained " + gained);
    }
  }

  /** Of a model that nobody quantized, no gain moves. */
  @Test
  void aFloatModelStays() {
    for (Tune tune : Tune.values()) {
      Model model = RandomTextModels.llama(SHAPE, 1);
      Map<String, float[]> before = values(model);
      MethodReport report = new NormTweaking(options(tune)).apply(task(model));
      values(model)
          .forEach((name, value) -> assertArrayEquals(before.get(name), value, 2e-6f, name));
      assertTrue(report.facts().get("norm-tweaking.layers.0.before") < 1e-9, report.facts() + "");
    }
  }

  private Map<String, float[]> tweaked(double rate, double depth) {
    RandomTextModels.Shape one =
        new RandomTextModels.Shape(4, 2, 8, 1, 48, false, false, false, false, 0);
    Model model = RandomTextModels.llama(one, 1);
    ModelTask task =
        ModelTask.of(
            ops, model, () -> RandomTextModels.llama(one, 1), samples(), Scheme.parse("W3A8"), 1);
    MethodReport unused = quantize(model, one, "rtn");
    MethodReport unusedToo =
        new NormTweaking(new NormTweakingOptions(Tune.STATISTICS, 0, 3, 4, rate, depth, false))
            .apply(task);
    return values(model);
  }

  /** {@code rate (1 + depth l / L)}: in a model of one block the whole depth. */
  @Test
  void theRateRisesWithDepth() {
    Map<String, float[]> expected = tweaked(4e-3, 0);
    tweaked(2e-3, 1).forEach((name, value) -> assertArrayEquals(expected.get(name), value, name));
    Map<String, float[]> flat = tweaked(2e-3, 0);
    assertTrue(
        flat.keySet().stream().anyMatch(name -> !Arrays.equals(flat.get(name), expected.get(name))),
        "another rate gives other gains");
  }

  private static float[] weights(Random random, int out, int in) {
    return RandomModels.gaussian(random, out * in, 0, 1);
  }

  private Hessian hessian(Random random, int tokens, int in) {
    float[] x = RandomModels.gaussian(random, tokens * in, 0.3f, 1);
    HessianAccumulator accumulator = new HessianAccumulator("x", in);
    accumulator.add(x, 0, tokens, serial);
    return accumulator.hessian();
  }

  private static double error(Hessian hessian, float[] w, float[] q, double[] s) {
    double[] d = new double[w.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = w[i] - s[i % s.length] * q[i];
    }
    return hessian.errorOf(d, w.length / s.length);
  }

  private static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  /**
   * Never worse than 1, no other factors near are better, exactly 1 for equal weights, and a large
   * ridge leaves 1.
   */
  @Property(tries = 40)
  void theClosedFormIsTheLeast(
      @ForAll long seed, @ForAll @DoubleRange(min = 0.05, max = 0.5) double noise) {
    Random random = new Random(seed);
    int in = 6;
    float[] w = weights(random, 9, in);
    float[] q = w.clone();
    for (int i = 0; i < q.length; i++) {
      q[i] += (float) (noise * random.nextGaussian());
    }
    Hessian hessian = hessian(random, 50, in);
    GainFit fit = new GainFit(in);
    fit.add(w, q);
    double[] s = fit.solve(hessian, 0, serial);
    double least = error(hessian, w, q, s);
    assertTrue(least <= error(hessian, w, q, ones(in)) * (1 + 1e-9));
    for (int j = 0; j < in; j++) {
      double[] moved = s.clone();
      moved[j] += 0.01 * random.nextGaussian();
      assertTrue(least <= error(hessian, w, q, moved) * (1 + 1e-9));
    }
    GainFit same = new GainFit(in);
    same.add(w, w);
    assertArrayEquals(ones(in), same.solve(hessian, 0, serial), 1e-6);
    assertArrayEquals(ones(in), fit.solve(hessian, 1e9, serial), 1e-6);
  }

  @Test
  void deadChannelsKeepTheirGain() {
    GainFit fit = new GainFit(2);
    fit.add(new float[] {1, 2}, new float[] {2, 2});
    double[] s = fit.solve(new Hessian("x", new double[] {1, 0, 0, 0}, 2, 1), 0, serial);
    assertEquals(0.5, s[0], 1e-6);
    assertEquals(1, s[1], 1e-6);
  }

  /** The same seed writes the same text; it begins with tokens that the samples hold. */
  @Test
  void theModelWritesItsOwnText() {
    Decoder model = RandomTextModels.llama(SHAPE, 1);
    List<Tensor> given =
        List.of(TokenIds.tensor(3, 4, 3, 4, 3, 4, 4), TokenIds.tensor(7, 7, 7, 7, 7, 7, 7));
    List<Tensor> first = OwnText.of(ops, model, given, 5);
    List<Tensor> second = OwnText.of(ops, model, given, 5);
    for (int i = 0; i < 2; i++) {
      int[] ids = TokenIds.of(first.get(i)).flat();
      assertEquals(7, ids.length);
      assertArrayEquals(ids, TokenIds.of(second.get(i)).flat());
      assertTrue(Set.of(3, 4, 7).contains(ids[0]));
    }
    Model quantized = RandomTextModels.llama(SHAPE, 1);
    MethodReport unused = quantize(quantized, "rtn");
    MethodReport report =
        new NormTweaking(new NormTweakingOptions(Tune.STATISTICS, 0, 10, 4, 5e-3, 1, true))
            .apply(task(quantized));
    assertTrue(
        report.facts().get("norm-tweaking.layers.0.after")
            < report.facts().get("norm-tweaking.layers.0.before"));
  }

  @Test
  void modelsWithoutGainsAndWrongOptionsAreRefused() {
    Decoder model = RandomTextModels.llama(SHAPE, 1);
    ModelRotation.apply(model, RotationOptions.DEFAULTS);
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new NormTweaking(NormTweakingOptions.DEFAULTS).apply(task(model)))
            .getMessage();
    assertTrue(message.contains("has none"), message);
    assertThrows(
        IllegalArgumentException.class,
        () -> new NormTweakingOptions(Tune.STATISTICS, -1, 1, 1, 1, 1, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> new NormTweaking(NormTweakingOptions.DEFAULTS).check(Scheme.parse("W4A16")));
  }
}
