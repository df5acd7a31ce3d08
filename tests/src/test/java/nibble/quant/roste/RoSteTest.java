package nibble.quant.roste;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.TokenIds;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.rotation.Orthogonal;
import nibble.quant.tuning.SimulatedQuantization;
import nibble.quant.tuning.TuningLoss;
import nibble.quant.tuning.WeightTraining;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

/** Choices, and training through rounding. */
class RoSteTest {
  private static final RandomTextModels.Shape SHAPE =
      new RandomTextModels.Shape(4, 2, 8, 2, 48, true, false, false, true, 0);
  private static final WeightScheme W4 = WeightScheme.ofBits(4);

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

  private static ModelTask task(Ops ops, Model model, String scheme) {
    return ModelTask.of(
        ops, model, () -> RandomTextModels.llama(SHAPE, 5), text(), Scheme.parse(scheme), 7);
  }

  private static RoSte method(int steps, double rate, RoSteOptions.Where where) {
    return new RoSte(
        new RoSteOptions(new WeightTraining.Knobs(steps, 3, rate, TuningLoss.KL), where, 64));
  }

  private static float[] logits(Ops ops, Model model) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, text().inputs().getFirst()).toFloats();
    }
  }

  @Property(tries = 20)
  void theChosenBasisKeepsTheLogits(@ForAll long seed, @ForAll @IntRange(max = 2) int where) {
    Model model = RandomTextModels.llama(SHAPE, seed);
    try (Ops ops = Ops.serial()) {
      float[] before = logits(ops, model);
      BasisChoice choice =
          method(0, 0, RoSteOptions.Where.values()[where])
              .turn(task(ops, model, "W4A4"), model.requireResidualStructure());
      assertEquals(where == 1, choice.places() == 5, "1 stream, 2 values, 2 feed-forward layers");
      assertTrue(where != 2 || choice.places() == 0);
      double difference = RandomModels.relativeDifference(logits(ops, model), before);
      assertTrue(difference < 1e-4, "relative difference " + difference);
    }
  }

  /** With large columns in all weights every place is turned, with weights that are codes none. */
  @Test
  void placesAreTurnedWhereRoundingLosesLess() {
    try (Ops ops = Ops.serial()) {
      for (boolean large : new boolean[] {true, false}) {
        Model model = RandomTextModels.llama(SHAPE, 3);
        Random random = new Random(4);
        for (Linear linear : model.linears()) {
          float[] w = RandomModels.gaussian(random, linear.out() * linear.in(), 0, 0.1f);
          for (int i = 0; i < w.length; i++) {
            w[i] = large ? w[i] * (i % linear.in() == 3 ? 30 : 1) : (i * 7 % 15 - 7) / 70f;
          }
          linear.setWeight(Tensor.of(w, linear.out(), linear.in()));
        }
        for (ResidualStructure.Reader reader : model.readers()) {
          Parameter gain = reader.norm().gain();
          float[] ones = new float[(int) gain.shape().size()];
          Arrays.fill(ones, 1);
          gain.set(Tensor.of(ones, ones.length));
        }
        BasisChoice choice =
            method(0, 0, RoSteOptions.Where.ADAPTIVE)
                .turn(task(ops, model, "W4A16"), model.requireResidualStructure());
        assertEquals(large ? 5 : 0, choice.places(), "large columns: " + large);
      }
    }
  }

  /**
   * A basis is turned for rows with few large elements, and left where all elements are of one
   * size.
   */
  @Property(tries = 30)
  void heavyTailsAreTurnedAndFlatOnesNot(@ForAll long seed) {
    Random random = new Random(seed);
    Orthogonal r = Orthogonal.random(64, seed);
    float[] heavy = RandomModels.gaussian(random, 16 * 64, 0, 1);
    float[] flat = new float[16 * 64];
    for (int i = 0; i < flat.length; i++) {
      heavy[i] *= i % 64 == 5 ? 30 : 1;
      flat[i] = (random.nextInt(15) - 7) / 7f;
    }
    for (int row = 0; row < 16; row++) {
      flat[row * 64] = 1; // the whole range, so its codes are exact
    }
    assertTrue(weight(RoundingError.turnedRows(heavy, r)) < weight(heavy));
    assertTrue(weight(RoundingError.turnedRows(flat, r)) > weight(flat));
    assertTrue(inputs(RoundingError.turnedRows(heavy, r)) < inputs(heavy));
  }

  private static double weight(float[] w) {
    return RoundingError.ofWeight("w", w, 16, 64, W4);
  }

  private static double inputs(float[] x) {
    return RoundingError.ofInputs("x", x, 16, 64, Scheme.parse("W4A4").activations());
  }

  /**
   * Without rotation a row of d elements loses at most {@code d max^2 / (4 (2^(b-1) - 1)^2)}: half
   * a step each.
   */
  @Property(tries = 60)
  void theErrorStaysBelowItsBound(@ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits) {
    float[] w = RandomModels.gaussian(new Random(seed), 40, 0, 1);
    double max = 0;
    for (float value : w) {
      max = Math.max(max, Math.abs(value));
    }
    int levels = (1 << (bits - 1)) - 1;
    double bound = 40 * max * max / (4.0 * levels * levels);
    assertTrue(
        RoundingError.ofWeight("w", w, 1, 40, WeightScheme.ofBits(bits)) <= bound * (1 + 1e-6));
    assertEquals(0, RoundingError.ofInputs("x", w, 1, 40, Optional.empty()));
  }

  /**
   * The loss of the rounded network falls below that of rounding alone, and what runs is what was
   * trained.
   */
  @Test
  void trainingThroughRoundingLowersTheLoss() {
    try (Ops ops = Ops.serial()) {
      Model rounded = RandomTextModels.llama(SHAPE, 5);
      Model trained = RandomTextModels.llama(SHAPE, 5);
      float[] exact = logits(ops, RandomTextModels.llama(SHAPE, 5));
      MethodReport start =
          method(0, 0, RoSteOptions.Where.NOWHERE).apply(task(ops, rounded, "W3A8"));
      MethodReport report =
          method(40, 2e-3, RoSteOptions.Where.NOWHERE).apply(task(ops, trained, "W3A8"));
      double before = squaredDistance(logits(ops, rounded), exact);
      double after = squaredDistance(logits(ops, trained), exact);
      assertTrue(after < 0.8 * before, "distance of logits " + before + ", trained " + after);
      assertTrue(trained.linears().stream().allMatch(Linear::isReplaced));
      assertEquals(start.layers().size(), report.layers().size());
      assertTrue(
          trained.parameters().stream().noneMatch(p -> p.peek().requiresGrad()),
          "parameters are plain again");
    }
  }

  private static double squaredDistance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += ((double) a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
  }

  /**
   * With 8 bits everywhere, gradients of the simulated network are nearly those of the float
   * network.
   */
  @Test
  void gradientsThroughFineRoundingAreThoseOfTheFloatNetwork() {
    try (Ops ops = Ops.serial()) {
      float[] exact = gradient(ops, RandomTextModels.llama(SHAPE, 5), false);
      float[] rounded = gradient(ops, RandomTextModels.llama(SHAPE, 5), true);
      double difference = RandomModels.relativeDifference(rounded, exact);
      assertTrue(difference > 1e-6 && difference < 0.1, "relative difference " + difference);
    }
  }

  private static float[] gradient(Ops ops, Model model, boolean rounded) {
    Tensor w = model.linear("layers.0.attn.v").weight().train();
    ModelTask task = task(ops, model, "W8A8");
    try (SimulatedQuantization simulation = SimulatedQuantization.install(task, true, false)) {
      if (!rounded) {
        simulation.close();
      }
      Samples samples = text().batches().getFirst();
      ops.backward(TuningLoss.CE.of(ops, model.forward(ops, samples.inputs()), samples, null, 1));
    }
    return Objects.requireNonNull(w.grad()).toFloats();
  }
}
