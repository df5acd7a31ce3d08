package nibble.nn.vit;

import static org.junit.jupiter.api.Assertions.assertTrue;

import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Block;
import nibble.quant.rotation.ModelRotation;
import nibble.quant.rotation.RotationOptions;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;

/** The real DeiT-Tiny against the outputs of an independent implementation. */
class DeitTinyTest {
  private static final String MODEL = "vit/deit-tiny-patch16-224";
  private static final String REFERENCE = "reference/deit-tiny-patch16-224/";

  @Test
  void logitsEqualTheReference() {
    try (LoadedModel loaded = ModelLoader.load(SharedData.require(MODEL));
        Safetensors reference =
            Safetensors.open(SharedData.require(REFERENCE + "io8.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] logits =
          loaded.model().forward(ops, reference.tensor("pixel_values").toF32()).toFloats();
      assertClose(logits, reference.tensor("logits"), 2e-5, "logits");
    }
  }

  @Test
  void everyHiddenStateEqualsTheReference() {
    try (LoadedModel loaded = ModelLoader.load(SharedData.require(MODEL));
        Safetensors images = Safetensors.open(SharedData.require(REFERENCE + "io8.safetensors"));
        Safetensors reference =
            Safetensors.open(SharedData.require(REFERENCE + "hidden_image0.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor x = loaded.model().embed(ops, images.tensor("pixel_values").slice(0, 0, 1).toF32());
      assertClose(x.toFloats(), reference.tensor("hidden_00"), 2e-5, "hidden_00");
      int layer = 1;
      for (Block block : loaded.model().blocks()) {
        x = block.forward(ops, x);
        String name = "hidden_%02d".formatted(layer++);
        assertClose(x.toFloats(), reference.tensor(name), 2e-5, name);
      }
    }
  }

  @Test
  void rotationKeepsTheLogits() {
    try (LoadedModel loaded = ModelLoader.load(SharedData.require(MODEL));
        Safetensors reference =
            Safetensors.open(SharedData.require(REFERENCE + "io8.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      ModelRotation.apply(loaded.model(), RotationOptions.DEFAULTS.withSeed(7));
      float[] logits =
          loaded.model().forward(ops, reference.tensor("pixel_values").toF32()).toFloats();
      assertClose(logits, reference.tensor("logits"), 1e-4, "logits");
    }
  }

  private static void assertClose(float[] actual, Tensor expected, double tolerance, String name) {
    double difference = RandomModels.relativeDifference(actual, expected.toFloats());
    assertTrue(
        difference < tolerance, name + " differs by " + difference + " of the largest value");
  }
}
