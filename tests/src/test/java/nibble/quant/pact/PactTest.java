package nibble.quant.pact;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.packed.Simulation;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.training.TrainingKnobs;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** PACT. */
class PactTest {
  private final Ops ops = Ops.serial();

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 11);
  }

  @Property(tries = 60)
  void boundsGetTheGradientsOfClippedElementsAlone(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll boolean signed) {
    float[] values = RandomModels.gaussian(new Random(seed), 200, signed ? 0 : 0.5f, 1);
    float[] weights = RandomModels.gaussian(new Random(seed + 1), 200, 0, 1);
    Tensor x = Tensor.of(values, 200).requireGrad();
    Tensor upper = Tensor.scalar(0.9f).requireGrad();
    Tensor lower = Tensor.scalar(signed ? -0.7f : 0).requireGrad();
    Tensor y = ops.custom(new PactFunction(bits, signed), x, upper, lower);
    ops.backward(ops.sum(ops.mul(y, Tensor.of(weights, 200))));
    double above = 0;
    double below = 0;
    TreeSet<Float> levels = new TreeSet<>();
    for (int i = 0; i < 200; i++) {
      boolean inside = values[i] > lower.item() && values[i] < upper.item();
      assertEquals(inside ? weights[i] : 0, grad(x)[i]);
      above += values[i] >= upper.item() ? weights[i] : 0;
      below += values[i] <= lower.item() ? weights[i] : 0;
      levels.add(y.toFloats()[i] + 0f); // one zero
      double half = 0.5001 * (upper.item() - lower.item()) / ((1 << bits) - 1);
      double clamped = Math.clamp(values[i], lower.item(), upper.item());
      assertEquals(
          clamped,
          y.toFloats()[i],
          signed ? 2 * half : half,
          "the clamp, up to a rounding of value and zero point");
    }
    assertTrue(levels.size() <= 1 << bits);
    assertEquals(above, grad(upper)[0], 1e-4);
    if (signed) {
      assertEquals(below, grad(lower)[0], 1e-4);
    }
  }

  private static float[] grad(Tensor x) {
    Tensor grad = x.grad();
    assertNotNull(grad);
    return grad.toFloats();
  }

  @Test
  void frozenIsWhatWasTrained() {
    Tensor x = Tensor.of(RandomModels.gaussian(new Random(1), 500, 0.2f, 1), 500);
    for (float lower : new float[] {0, -0.8f}) {
      PactQuantizer quantizer = PactQuantizer.of("x", 4, 1.3f, lower, 0);
      assertArrayEquals(
          quantizer.apply(ops, x).toFloats(), quantizer.frozen().apply(ops, x).toFloats(), 1e-9f);
    }
  }

  /** Also the term of the bounds in the loss. */
  @Test
  void theLossFallsAndPackedEqualsSimulation() {
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(16, 5), null)));
    ViT model = model();
    TrainingKnobs knobs = new TrainingKnobs(320, 8, 1e-4, 1e-2, 0, true, false);
    MethodReport report =
        new Pact(new PactOptions(knobs, 0, 16))
            .apply(ModelTask.of(ops, model, PactTest::model, samples, Scheme.parse("W4A4"), 3));
    List<double[]> loss = report.curves().getFirst().points();
    assertTrue(
        loss.getLast()[1] < loss.getFirst()[1], loss.getFirst()[1] + " -> " + loss.getLast()[1]);
    Tensor pixels = RandomModels.pixels(5, 9);
    try (var inference = ops.noGrad()) {
      float[] packed = model.forward(ops, pixels).toFloats();
      Simulation.install(model);
      assertArrayEquals(packed, model.forward(ops, pixels).toFloats());
    }
    PactQuantizer quantizer = PactQuantizer.of("x", 4, 2, -1, 0.5);
    Tensor penalty = quantizer.penalty(ops).orElseThrow();
    assertEquals(0.5 * (4 + 1), penalty.item(), 1e-6);
    assertEquals(PactOptions.DEFAULTS, PactOptions.of(Pact.CARD.resolve(Map.of())));
  }
}
