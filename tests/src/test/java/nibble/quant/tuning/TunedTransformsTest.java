package nibble.quant.tuning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Model;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.pipeline.RecipeRunner;
import nibble.quant.stiefel.StiefelParameter;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Learned transforms leave the float model as it is, while they are learned and when they are
 * folded.
 */
class TunedTransformsTest {
  private static final int[][] HEADS_AND_DIMS = {
    {4, 2, 8}, {6, 3, 8}, {3, 1, 8}, {5, 5, 8}, {2, 1, 20}
  };

  /** A random model of a kind, its samples beside it. */
  private record Subject(Model model, Tensor input) {
    static Subject of(int kind, boolean biases, boolean norms, boolean tied, long seed) {
      int[] s = HEADS_AND_DIMS[kind % HEADS_AND_DIMS.length];
      var shape =
          new RandomTextModels.Shape(
              s[0], s[1], s[2], 2, 48, biases, norms, kind % 2 == 1, tied, 0);
      Tensor ids = RandomTextModels.input(7, seed + 1);
      return switch (kind) {
        case 5 -> new Subject(RandomTextModels.gpt2(4, 8, seed), ids);
        case 6 -> new Subject(RandomTextModels.gptNeoX(3, 8, biases, seed), ids);
        case 7 ->
            new Subject(
                RandomModels.vit(
                    RandomModels.vitConfig("ViTForImageClassification", 3, 8, 2, 48, biases), seed),
                RandomModels.pixels(2, seed));
        default -> new Subject(RandomTextModels.llama(shape, seed), ids);
      };
    }
  }

  @Property(tries = 60)
  void theLogitsStay(
      @ForAll long seed,
      @ForAll @IntRange(max = 7) int kind,
      @ForAll boolean biases,
      @ForAll boolean norms,
      @ForAll boolean tied,
      @ForAll boolean everyHead,
      @ForAll boolean scaled,
      @ForAll boolean principal) {
    Subject subject = Subject.of(kind, biases, norms, tied, seed);
    Model model = subject.model();
    try (Ops ops = Ops.serial()) {
      float[] before = logits(ops, model, subject.input());
      TunedTransforms transforms = TunedTransforms.of(model, model.requireResidualStructure());
      if (scaled) {
        transforms.scaleFeedForwards();
        transforms.scaleKeys();
        transforms.scaleValues();
      }
      if (principal) {
        transforms.rotateStreamFromWeights(seed);
      } else {
        transforms.rotateStream(seed);
      }
      transforms.rotateValues(everyHead, seed);
      if (scaled) {
        transforms.scaleInputs();
        transforms.rotateFeedForwards(seed);
        randomize(transforms.scales(), seed);
      }
      try (Scope scope = ops.scope()) {
        transforms.install(ops);
        assertClose(before, model.forward(ops, subject.input()).toFloats());
      } finally {
        transforms.restore();
      }
      if (!scaled) {
        assertClose(
            before,
            logits(
                ops, model, subject.input())); // nothing is left in sites, and the weights are back
      }
      float[] embedded = stream(ops, model, subject.input());
      transforms.fold(ops);
      assertClose(before, logits(ops, model, subject.input()));
      assertTrue(
          RandomModels.relativeDifference(stream(ops, model, subject.input()), embedded) > 0.1,
          "the stream was not turned");
    }
  }

  /** Factors between 1/4 and 4. */
  private static void randomize(List<Tensor> logarithms, long seed) {
    Random random = new Random(seed);
    for (Tensor leaf : logarithms) {
      for (int i = 0; i < leaf.size(); i++) {
        leaf.array()[leaf.offset() + i] = (float) ((2 * random.nextDouble() - 1) * Math.log(4));
      }
    }
  }

  /**
   * Every place that can take scales has some: two norms, values, keys and the gated half of each
   * layer, and the last norm.
   */
  @Test
  void aLlamaHasScalesAtAllPlaces() {
    Model model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
    TunedTransforms transforms = TunedTransforms.of(model, model.requireResidualStructure());
    transforms.scaleFeedForwards();
    transforms.scaleKeys();
    transforms.scaleValues();
    transforms.scaleInputs();
    assertEquals(2 * 5 + 1, transforms.scales().size());
    assertEquals(
        List.of(48, 8, 16, 32),
        List.of(0, 2, 4, 6).stream()
            .map(i -> transforms.scales().get(i).dim(0))
            .toList()); // keys: 2 heads of 4 pairs
  }

  private static float[] logits(Ops ops, Model model, Tensor input) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, input).toFloats();
    }
  }

  private static float[] stream(Ops ops, Model model, Tensor input) {
    try (var inference = ops.noGrad()) {
      return model.embed(ops, input).toFloats();
    }
  }

  private static void assertClose(float[] expected, float[] actual) {
    double difference = RandomModels.relativeDifference(actual, expected);
    assertTrue(difference < 1e-4, "relative difference " + difference);
  }

  /** No direction along the manifold changes the loss of the float network; elements alone do. */
  @Property(tries = 20)
  void theFloatNetworkHasNoGradientAlongRotations(
      @ForAll long seed, @ForAll @IntRange(max = 7) int kind) {
    Subject subject = Subject.of(kind, true, false, true, seed);
    Model model = subject.model();
    try (Ops ops = Ops.serial()) {
      TunedTransforms transforms = TunedTransforms.of(model, model.requireResidualStructure());
      transforms.rotateStream(seed);
      transforms.rotateValues(true, seed);
      try (Scope scope = ops.scope()) {
        transforms.install(ops);
        Tensor logits = model.forward(ops, subject.input());
        Tensor weights =
            Tensor.of(
                RandomModels.gaussian(new Random(seed), (int) logits.size(), 0, 1),
                logits.shape().dims());
        ops.backward(ops.sum(ops.mul(logits, weights)));
      } finally {
        transforms.restore();
      }
      for (StiefelParameter r : transforms.rotations()) {
        int n = r.size();
        float[] gradient = r.leaf().grad().toFloats();
        double largest = 0;
        double along = 0;
        for (int i = 0; i < r.count(); i++) {
          double[] p = r.matrix(i);
          for (int a = 0; a < n; a++) {
            for (int b = 0; b < a; b++) {
              double ab = inner(p, gradient, i * n * n, n, a, b);
              double ba = inner(p, gradient, i * n * n, n, b, a);
              along = Math.max(along, Math.abs(ab - ba));
              largest = Math.max(largest, Math.max(Math.abs(ab), Math.abs(ba)));
            }
          }
        }
        assertTrue(
            along < 1e-3 * largest,
            r.name() + ": " + along + " along the manifold, elements of " + largest);
      }
    }
  }

  /** Element {@code [a, b]} of {@code P^T G}. */
  private static double inner(double[] p, float[] g, int from, int n, int a, int b) {
    double sum = 0;
    for (int k = 0; k < n; k++) {
      sum += p[k * n + a] * g[from + k * n + b];
    }
    return sum;
  }

  /** What is simulated while learning is what rounding to nearest then runs. */
  @ParameterizedTest
  @ValueSource(strings = {"W4A4", "W3A16 g16", "W4A8 w:asym a:sym"})
  void theSimulationIsWhatRuns(String scheme) {
    Model simulated = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 8);
    Model packed = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 8);
    Tensor ids = RandomTextModels.input(9, 4);
    try (Ops ops = Ops.serial()) {
      MethodCatalogue catalogue = MethodCatalogue.standard();
      new RecipeRunner(
              catalogue,
              Presets.recipe(
                  catalogue, "rtn", Map.of("edge-bits", "same"), Scheme.parse(scheme), 1))
          .run(ops, packed, List.of(), (result, done, total) -> {});
      ModelTask task =
          ModelTask.of(
              ops,
              simulated,
              () -> simulated,
              SampleSource.of(List.of(Samples.unlabelled(ids))),
              Scheme.parse(scheme),
              1);
      float[] exact = logits(ops, simulated, ids);
      try (SimulatedQuantization simulation = SimulatedQuantization.install(task, true, true)) {
        float[] rounded = simulated.forward(ops, ids).toFloats();
        assertTrue(RandomModels.relativeDifference(rounded, exact) > 0.01, "nothing was rounded");
        double difference = RandomModels.relativeDifference(rounded, logits(ops, packed, ids));
        assertTrue(difference < 1e-4, "differs by " + difference);
      }
      assertArrayEquals(exact, logits(ops, simulated, ids));
    }
  }

  @Test
  void roundingPassesGradientsUnchanged() {
    Tensor x = Tensor.of(RandomModels.gaussian(new Random(3), 24, 0, 1), 3, 8).requireGrad();
    Tensor g = Tensor.of(RandomModels.gaussian(new Random(4), 24, 0, 1), 3, 8);
    try (Ops ops = Ops.serial()) {
      Scheme scheme = Scheme.parse("W4A4 a:static");
      Tensor y =
          new StraightThroughActivation("x", scheme.activations().orElseThrow(), false)
              .apply(
                  ops,
                  new StraightThroughWeight("w", scheme.weights().orElseThrow(), false)
                      .apply(ops, x));
      assertEquals(
          16,
          java.util.stream.IntStream.range(0, 24).mapToObj(i -> y.toFloats()[i]).distinct().count(),
          15);
      ops.backward(ops.sum(ops.mul(y, g)));
    }
    assertArrayEquals(g.toFloats(), x.grad().toFloats());
  }

  /**
   * Rounding with ranges of its own is homogeneous, {@code f(a x) = a f(x)}, so {@code <x, dL/dx> =
   * <y, dL/dy>}, by Euler.
   */
  @Property(tries = 60)
  void gradientsThroughRangesAreThoseOfAHomogeneousFunction(
      @ForAll long seed, @ForAll @IntRange(max = 5) int kind) {
    Scheme scheme =
        Scheme.parse(
            List.of(
                    "W3A3",
                    "W4A3 a:sym",
                    "W3A2 w:asym a:static",
                    "W3A8 g8 a:static a:sym",
                    "W2A4 w:asym g4",
                    "W3A3 w:tensor")
                .get(kind));
    Tensor g = Tensor.of(RandomModels.gaussian(new Random(~seed), 48, 0, 1), 3, 16);
    for (boolean weight : new boolean[] {true, false}) {
      Tensor x =
          Tensor.of(RandomModels.gaussian(new Random(seed), 48, kind % 2, 1), 3, 16).requireGrad();
      try (Ops ops = Ops.serial()) {
        Tensor y =
            weight
                ? new StraightThroughWeight("w", scheme.weights().orElseThrow(), true).apply(ops, x)
                : new StraightThroughActivation("x", scheme.activations().orElseThrow(), true)
                    .apply(ops, x);
        float[] rounded = y.toFloats();
        ops.backward(ops.sum(ops.mul(y, g)));
        assertEquals(
            dot(rounded, g.toFloats()),
            dot(x.toFloats(), x.grad().toFloats()),
            1e-3,
            weight ? "weights" : "activations");
      }
    }
  }

  /** A symmetric range hangs on the value of the largest magnitude, whatever its sign. */
  @Test
  void symmetricRangesPassTheirGradientToTheLargestMagnitude() {
    float[] x = {1, -4, 2};
    float[] y = {0, -4, 4};
    float[] g = {1, 1, 3};
    float[] grad = new float[3];
    RangeGradient.add(x, 0, y, 0, g, 0, grad, 0, 3, true);
    assertArrayEquals(new float[] {0, (float) ((-1 + 6) / -4.0), 0}, grad);
    RangeGradient.add(x, 0, y, 0, g, 0, grad = new float[3], 0, 3, false);
    assertArrayEquals(new float[] {0, -5 / 6f, 5 / 6f}, grad, 1e-6f);
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
