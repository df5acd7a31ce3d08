package nibble.quant.actreg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.TokenIds;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.tuning.TuningLoss;
import nibble.quant.tuning.WeightTraining;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

/** Bounds, kurtosis, and a model that trains with both. */
class ActivationRegularizationTest {
  private static final RandomTextModels.Shape SHAPE =
      new RandomTextModels.Shape(4, 2, 8, 2, 48, true, false, false, true, 0);

  /**
   * What is learned with is the static asymmetric grid that runs, and values beyond its ends take
   * them.
   */
  @Property(tries = 80)
  void theForwardPassIsTheStaticGrid(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll @FloatRange(min = -3, max = 1) float low,
      @ForAll @FloatRange(min = -1, max = 3) float high) {
    LearnedBounds bounds = LearnedBounds.of("x", bits, low, high);
    assertTrue(
        bounds.bounds().get(0) <= 0
            && bounds.bounds().get(1) >= bounds.bounds().get(0) + LearnedBounds.GAP * 0.99f);
    Tensor x = Tensor.of(RandomModels.gaussian(new Random(seed), 40, 0, 3), 5, 8);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      assertArrayEquals(
          bounds.frozen().apply(ops, x).toFloats(), bounds.apply(ops, x).toFloats(), 1e-5f);
    }
  }

  /** Bounds -1 and 2 with 3 steps of 1: two values above, one below, two inside. */
  @Test
  void derivativesByHand() {
    LearnedBounds learned = LearnedBounds.of("x", 2, -1, 2);
    Tensor x = Tensor.of(new float[] {5, 2.5f, -4, 0.25f, 1.25f}, 5).requireGrad();
    Tensor g = Tensor.of(new float[] {1, 2, 4, 8, 16}, 5);
    try (Ops ops = Ops.serial()) {
      Tensor y = learned.apply(ops, x);
      assertArrayEquals(new float[] {2, 2, -1, 0, 1}, y.toFloats());
      ops.backward(ops.sum(ops.mul(y, g)));
    }
    assertArrayEquals(new float[] {0, 0, 0, 8, 16}, Objects.requireNonNull(x.grad()).toFloats());
    float inside = (8 * -0.25f + 16 * -0.25f) / 3;
    assertArrayEquals(
        new float[] {4 - inside, 3 + inside},
        Objects.requireNonNull(learned.bounds().grad()).toFloats(),
        1e-6f);
  }

  private static double kurtosis(Tensor y) {
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      return Kurtosis.mean(ops, y).item();
    }
  }

  @Test
  void kurtosisOfKnownValues() {
    assertEquals(
        3, kurtosis(Tensor.of(RandomModels.gaussian(new Random(3), 20_000, 5, 2), 2, 10_000)), 0.1);
    float[] oneHot = new float[100];
    oneHot[7] = 3;
    assertEquals(98, kurtosis(Tensor.of(oneHot, 1, 100)), 0.1); // (n - 1) + 1 / (n - 1) - 1
    assertEquals(1, kurtosis(Tensor.of(new float[] {1, -1, 1, -1}, 1, 4)), 1e-5);
  }

  @Property(tries = 20)
  void theDerivativeOfKurtosisAgreesWithDifferences(@ForAll long seed) {
    Tensor y = Tensor.of(RandomModels.gaussian(new Random(seed), 12, 0, 1), 2, 6).requireGrad();
    try (Ops ops = Ops.serial()) {
      ops.backward(Kurtosis.mean(ops, y));
    }
    float step = 0x1p-8f;
    for (int i = 0; i < 12; i++) {
      double difference = (kurtosis(moved(y, i, step)) - kurtosis(moved(y, i, -step))) / (2 * step);
      assertEquals(
          difference,
          Objects.requireNonNull(y.grad()).toFloats()[i],
          5e-3 * (1 + Math.abs(difference)));
    }
  }

  private static Tensor moved(Tensor x, int index, float by) {
    float[] values = x.toFloats();
    values[index] += by;
    return Tensor.of(values, x.shape().dims());
  }

  private static SampleSource text() {
    return SampleSource.of(
        List.of(
            Samples.unlabelled(
                TokenIds.tensor(
                    List.of(
                        RandomTextModels.ids(12, 1),
                        RandomTextModels.ids(12, 2),
                        RandomTextModels.ids(12, 3))))));
  }

  private static MethodReport apply(Ops ops, Model model, int steps, double lambda) {
    var training = new WeightTraining.Knobs(steps, 3, 2e-3, TuningLoss.KL);
    return new ActivationRegularization(new ActivationRegularizationOptions(training, 0.01, lambda))
        .apply(
            ModelTask.of(
                ops,
                model,
                () -> RandomTextModels.llama(SHAPE, 5),
                text(),
                Scheme.parse("W4A4"),
                7));
  }

  private static double distance(Ops ops, Model model) {
    try (var inference = ops.noGrad()) {
      float[] exact =
          RandomTextModels.llama(SHAPE, 5).forward(ops, text().inputs().getFirst()).toFloats();
      return RandomModels.relativeDifference(
          model.forward(ops, text().inputs().getFirst()).toFloats(), exact);
    }
  }

  /**
   * Training brings the quantized model nearer to the float one; the penalty lowers kurtosis; sites
   * hold nothing but what runs.
   */
  @Test
  void aTrainedModelIsBetter() {
    try (Ops ops = Ops.serial()) {
      Model start = RandomTextModels.llama(SHAPE, 5);
      Model trained = RandomTextModels.llama(SHAPE, 5);
      Model regularized = RandomTextModels.llama(SHAPE, 5);
      MethodReport unused = apply(ops, start, 0, 0);
      MethodReport plain = apply(ops, trained, 30, 1e-9);
      MethodReport penalized = apply(ops, regularized, 30, 1e-2);
      assertTrue(
          distance(ops, trained) < 0.9 * distance(ops, start),
          distance(ops, trained) + " after " + distance(ops, start));
      double free = plain.curves().get(1).points().getLast()[1];
      double pressed = penalized.curves().get(1).points().getLast()[1];
      assertTrue(
          pressed < 0.95 * free, "kurtosis " + pressed + " with the penalty, " + free + " without");
      assertTrue(trained.linears().stream().allMatch(Linear::isReplaced));
      assertTrue(
          trained.linears().stream()
              .allMatch(l -> l.input().isIdentity() && l.matrix().format().contains("INT4 static")),
          trained.linears().getFirst().matrix().format());
    }
  }

  @Test
  void floatActivationsAreRefused() {
    var method = new ActivationRegularization(ActivationRegularizationOptions.DEFAULTS);
    String message =
        assertThrows(IllegalArgumentException.class, () -> method.check(Scheme.parse("W4A16")))
            .getMessage();
    assertTrue(message.contains("name a scheme such as W4A4"), message);
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new ActivationRegularizationOptions(
                ActivationRegularizationOptions.DEFAULTS.training(), -1, 0));
  }
}
