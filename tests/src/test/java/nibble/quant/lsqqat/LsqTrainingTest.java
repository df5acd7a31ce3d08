package nibble.quant.lsqqat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.packed.PackedIntWeight;
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

/** LSQ training on a small model. */
class LsqTrainingTest {
  private final Ops ops = Ops.serial();

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 11);
  }

  private ViT trained(long images) {
    ViT model = model();
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(16, 5), null)));
    LsqTrainingOptions options =
        new LsqTrainingOptions(new TrainingKnobs(images, 8, 1e-3, 1e-3, 0, true, true), 16);
    MethodReport report =
        new LsqTraining(options)
            .apply(
                ModelTask.of(ops, model, LsqTrainingTest::model, samples, Scheme.parse("W4A4"), 3));
    assertEquals(model.linears().size(), report.layers().size());
    assertEquals(images == 0 ? 0 : 1, report.curves().size());
    return model;
  }

  private double error(ViT model) {
    Tensor pixels = RandomModels.pixels(16, 5);
    try (var inference = ops.noGrad()) {
      return ops.mse(
              ops.softmax(model.forward(ops, pixels)), ops.softmax(model().forward(ops, pixels)))
          .item();
    }
  }

  @Test
  void trainingComesNearerToTheFloatModel() {
    double before = error(trained(0));
    double after = error(trained(640));
    assertTrue(after < 0.8 * before, before + " -> " + after);
  }

  @Test
  void whatRunsIsWhatWasTrained() {
    ViT model = trained(16);
    Tensor pixels = RandomModels.pixels(5, 9);
    try (var inference = ops.noGrad()) {
      float[] packed = model.forward(ops, pixels).toFloats();
      for (Linear linear : model.linears()) {
        assertTrue(
            linear.matrix() instanceof PackedIntWeight weight && weight.activations() != null,
            linear.name());
      }
      Simulation.install(model);
      assertArrayEquals(packed, model.forward(ops, pixels).toFloats());
    }
    assertEquals(
        LsqTrainingOptions.DEFAULTS, LsqTrainingOptions.of(LsqTraining.CARD.resolve(Map.of())));
  }
}
