package nibble.quant.discquant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Model;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.reconstruct.ReconstructionLoss;
import nibble.quant.rounding.RoundingGrid;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.LayerCodes;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class DiscQuantTest {
  private static final RandomTextModels.Shape SHAPE =
      new RandomTextModels.Shape(4, 2, 8, 2, 48, false, false, false, true, 0);

  private final Ops ops = Ops.serial();

  private static QuantParams params(float[] w, int rows, int columns, IntFormat format) {
    try (WorkSplitter serial = WorkSplitter.serial()) {
      return QuantParams.fit(
          "w",
          w,
          0,
          rows,
          columns,
          format,
          new Granularity.PerChannel(),
          ClipSearch.none(),
          serial);
    }
  }

  /** Without a loss, everything goes to the nearer point. */
  @Property(tries = 20)
  void withoutAWeightItIsRoundToNearest(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 4) int bits, @ForAll boolean asymmetric) {
    float[] w = RandomModels.gaussian(new Random(seed), 4 * 16, 0, 1);
    QuantParams params =
        params(w, 4, 16, asymmetric ? IntFormat.asymmetric(bits) : IntFormat.symmetric(bits));
    RoundingGrid grid = new RoundingGrid(w, params);
    RoundingSearch search = new RoundingSearch(List.of(grid), 0.05, 0, 1);
    for (int i = 0; i < 60; i++) {
      search.begin();
      search.update(ops, ops.sum(search.weight(ops, 0)), 1);
    }
    byte[] nearest = params.quantize("w", w, 0);
    byte[] found = search.codes(0).codes();
    for (int i = 0; i < w.length; i++) {
      assertTrue(nearest[i] == found[i] || Math.abs(grid.share(i) - 0.5) < 1e-3);
    }
    assertEquals(1, search.decided(), 0.05);
  }

  /** The gradient of the loss counts up to the limit: with a limit of 0 not at all. */
  @Test
  void theLimitBoundsWhatTheLossPulls() {
    float[] w = RandomModels.gaussian(new Random(8), 64, 0, 1);
    QuantParams params = QuantizedTensor.quantize("w", w, 1, 64, WeightScheme.ofBits(3)).params();
    byte[] free = pulled(w, params, 0, 1);
    assertArrayEquals(free, pulled(w, params, 1000, 0));
    assertFalse(Arrays.equals(free, pulled(w, params, 1000, 1000)));
  }

  /** Codes after a loss that pulls every weight up. */
  private byte[] pulled(float[] w, QuantParams params, double weight, double limit) {
    RoundingSearch search =
        new RoundingSearch(List.of(new RoundingGrid(w, params)), 0.05, weight, limit);
    for (int i = 0; i < 60; i++) {
      search.begin();
      search.update(ops, ops.scale(ops.sum(search.weight(ops, 0)), -1), 1);
    }
    return search.codes(0).codes();
  }

  /**
   * The error seen through few directions: few elements stay undecided, and rounding them costs
   * less than rounding to nearest.
   */
  @Test
  void fewConstraintsLeaveFewElementsUndecided() {
    int n = 256;
    int m = 8;
    double better = 0;
    for (int seed = 0; seed < 5; seed++) {
      Random random = new Random(seed);
      float[] w = RandomModels.gaussian(random, n, 0, 1);
      Tensor x = Tensor.of(RandomModels.gaussian(random, m * n, 0, 1), m, n);
      QuantParams params = params(w, 1, n, IntFormat.symmetric(3));
      RoundingSearch search =
          new RoundingSearch(List.of(new RoundingGrid(w, params)), 0.05, 1, 1000);
      Tensor weight = Tensor.of(w, 1, n);
      double first = 0;
      for (int i = 0; i < 600; i++) {
        search.begin();
        try (Scope scope = ops.scope()) {
          Tensor error = ops.linear(x, ops.sub(search.weight(ops, 0), weight), null);
          search.update(ops, ops.scale(ops.sum(ops.square(error)), 0.2f), 1 - i / 600.0);
        }
        first = i == 20 ? search.decided() : first;
      }
      assertTrue(
          search.decided() > 0.9 && search.decided() > first,
          "decided " + first + " to " + search.decided());
      double found = error(x, search.codes(0).dequantize(), w);
      double nearest = error(x, params.dequantize(params.quantize("w", w, 0)), w);
      better += found < 0.5 * nearest ? 1 : 0;
    }
    assertTrue(better >= 4, better + " of 5 halve the error");
  }

  private double error(Tensor x, float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < x.dim(0); i++) {
      double e = 0;
      for (int j = 0; j < b.length; j++) {
        e += x.get(i, j) * ((double) a[j] - b[j]);
      }
      sum += e * e;
    }
    return sum;
  }

  private ModelTask task(Model model, String scheme) {
    List<Samples> samples =
        IntStream.range(0, 8)
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
   * On the samples and on others the predictions are nearer than with nearest codes; every code is
   * floor or ceiling.
   */
  @Test
  void predictionsComeNearer() {
    Model model = RandomTextModels.llama(SHAPE, 1);
    Model original = RandomTextModels.llama(SHAPE, 1);
    MethodReport report =
        new DiscQuant(new DiscQuantOptions(80, 4, 0.1, 200, 1)).apply(task(model, "W3A16"));
    double nearest = report.facts().get("divergence with nearest codes");
    double learned = report.facts().get("divergence with learned codes");
    assertTrue(learned < 0.9 * nearest, nearest + " to " + learned);
    Model rounded = RandomTextModels.llama(SHAPE, 1);
    new DiscQuant(new DiscQuantOptions(40, 4, 0.1, 0, 1)).apply(task(rounded, "W3A16"));
    try (var inference = ops.noGrad()) {
      double own = 0;
      double other = 0;
      for (int seed = 100; seed < 110; seed++) {
        Tensor input = RandomTextModels.input(12, seed);
        Tensor wanted = original.forward(ops, input);
        own += ReconstructionLoss.DIVERGENCE.of(ops, model.forward(ops, input), wanted).item();
        other += ReconstructionLoss.DIVERGENCE.of(ops, rounded.forward(ops, input), wanted).item();
      }
      assertTrue(own < other, "held-out divergence " + other + " to " + own);
    }
    for (LayerResult layer : report.layers()) {
      QuantizedTensor codes = LayerCodes.of(layer);
      float[] w = original.linear(layer.name()).weight().peek().toFloats();
      float[] rows = codes.dequantize();
      Set<Float> values = new HashSet<>();
      for (int i = 0; i < w.length; i++) {
        float s = codes.params().gridOf(i / codes.in(), i % codes.in()).scale();
        assertTrue(Math.abs(rows[i] - w[i]) <= 1.0001 * s);
        if (i < codes.in()) {
          values.add(rows[i]);
        }
      }
      assertTrue(values.size() <= 8);
    }
    Model again = RandomTextModels.llama(SHAPE, 1);
    assertEquals(
        report.facts(),
        new DiscQuant(new DiscQuantOptions(80, 4, 0.1, 200, 1))
            .apply(task(again, "W3A16"))
            .facts());
    try (var inference = ops.noGrad()) {
      assertArrayEquals(
          model.forward(ops, RandomTextModels.input(9, 3)).toFloats(),
          again.forward(ops, RandomTextModels.input(9, 3)).toFloats());
    }
  }

  @Test
  void encodersAndWrongOptionsAreRefused() {
    try (LoadedModel bert = ModelLoader.load(Golden.path("text/bert"))) {
      ModelTask task =
          ModelTask.of(
              ops,
              bert.model(),
              bert::model,
              SampleSource.of(List.of(Samples.unlabelled(RandomTextModels.input(5, 1)))),
              Scheme.parse("W4A16"),
              1);
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new DiscQuant(DiscQuantOptions.DEFAULTS).apply(task))
              .getMessage();
      assertTrue(message.contains("keeps predictions"), message);
    }
    assertThrows(IllegalArgumentException.class, () -> new DiscQuantOptions(0, 4, 0.1, 200, 1));
    assertThrows(IllegalArgumentException.class, () -> new DiscQuantOptions(10, 4, 0, 200, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> new DiscQuant(DiscQuantOptions.DEFAULTS).check(Scheme.parse("W16A16")));
  }
}
