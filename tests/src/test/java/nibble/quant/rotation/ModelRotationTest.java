package nibble.quant.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.nn.Norm;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.rotation.RotationOptions.Stream;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Rotations leave the function of a model as it was: whole-model level. */
class ModelRotationTest {
  private static final int[][] HEADS_AND_DIMS = {
    {1, 16}, {2, 16}, {3, 16}, {4, 8}, {3, 12}, {5, 8}, {2, 20}, {12, 4}
  };
  private static final String[] ARCHITECTURES = {
    ViTConfig.VIT, ViTConfig.DEIT, ViTConfig.DEIT_DISTILLED
  };

  @Property(tries = 40)
  void keepsTheLogits(
      @ForAll long seed,
      @ForAll @IntRange(max = 7) int size,
      @ForAll @IntRange(max = 2) int architecture,
      @ForAll boolean qkvBias,
      @ForAll boolean residual,
      @ForAll boolean values,
      @ForAll boolean feedForward,
      @ForAll boolean keys,
      @ForAll Stream stream) {
    int heads = HEADS_AND_DIMS[size][0];
    int headDim = HEADS_AND_DIMS[size][1];
    // widths without Hadamard matrix only with the random matrix
    Stream possible = HadamardTransform.isSupported(heads * headDim) ? stream : Stream.RANDOM;
    ViT model =
        RandomModels.vit(
            RandomModels.vitConfig(ARCHITECTURES[architecture], heads, headDim, 2, 48, qkvBias),
            seed);
    Tensor pixels = RandomModels.pixels(2, seed + 1);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] before = model.forward(ops, pixels).toFloats();
      ModelRotation.apply(
          model, new RotationOptions(residual, values, feedForward, keys, possible, seed));
      float[] after = model.forward(ops, pixels).toFloats();
      assertTrue(
          RandomModels.relativeDifference(after, before) < 1e-4,
          "relative difference " + RandomModels.relativeDifference(after, before));
    }
  }

  @Test
  void leavesPlainRmsNorms() {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 16, 2, 48, true), 1);
    ModelRotation.apply(model, RotationOptions.DEFAULTS);
    assertEquals(Norm.Kind.RMS, model.config().norm());
    model.requireResidualStructure().readers().forEach(r -> assertNull(r.norm().gain()));
  }

  @Test
  void theResidualStreamIsReallyRotated() {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 16, 1, 48, true), 2);
    Tensor pixels = RandomModels.pixels(1, 3);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] before = model.embed(ops, pixels).toFloats();
      ModelRotation.apply(model, RotationOptions.DEFAULTS);
      float[] after = model.embed(ops, pixels).toFloats();
      assertTrue(RandomModels.relativeDifference(after, before) > 0.1);
    }
  }

  @Test
  void aWidthWithoutHadamardMatrixIsRefusedBeforeAnythingChanges() {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 3, 10, 1, 48, true), 2);
    float[] before = model.linear("blocks.0.mlp.fc1").weight().peek().toFloats();
    assertThrows(
        IllegalArgumentException.class, () -> ModelRotation.apply(model, RotationOptions.DEFAULTS));
    assertEquals(
        0,
        RandomModels.relativeDifference(
            model.linear("blocks.0.mlp.fc1").weight().peek().toFloats(), before));
  }

  @Property(tries = 50)
  void everyMapIsOrthogonal(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int size) {
    Orthogonal q = new RandomOrthogonal(size, seed);
    double[][] columns = new double[size][size];
    for (int i = 0; i < size; i++) {
      columns[i][i] = 1;
      q.apply(columns[i], 0);
    }
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        double dot = 0;
        for (int k = 0; k < size; k++) {
          dot += columns[i][k] * columns[j][k];
        }
        assertEquals(i == j ? 1 : 0, dot, 1e-12);
      }
    }
  }
}
