package nibble.quant.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.decoder.Decoder;
import nibble.quant.rotation.RotationOptions.Stream;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

/** Rotations leave the function of a language model as it was. */
class TextModelRotationTest {
  private static final int[][] HEADS_AND_DIMS = {{4, 2, 8}, {6, 3, 8}, {3, 1, 8}, {5, 5, 8}, {2, 1, 20}, {12, 4, 4}};

  @Property(tries = 60)
  void llamaKeepsItsLogits(
      @ForAll long seed, @ForAll @IntRange(max = 5) int size, @ForAll boolean biases, @ForAll boolean norms, @ForAll boolean joined,
      @ForAll boolean tied, @ForAll boolean residual, @ForAll boolean values, @ForAll boolean feedForward, @ForAll Stream stream) {
    int[] s = HEADS_AND_DIMS[size];
    var shape = new RandomTextModels.Shape(s[0], s[1], s[2], 2, 48, biases, norms, joined, tied, 0);
    keepsTheLogits(RandomTextModels.llama(shape, seed), residual, values, feedForward, stream, s[0] * s[2], seed);
  }

  /** Layer normalisation, learned positions, joined weights, blocks whose layers stand side by side. */
  @Property(tries = 30)
  void modelsWithLayerNormKeepTheirLogits(
      @ForAll long seed, @ForAll @IntRange(max = 2) int kind, @ForAll @IntRange(max = 1) int size, @ForAll boolean residual,
      @ForAll boolean values, @ForAll boolean feedForward, @ForAll Stream stream) {
    int heads = size == 0 ? 4 : 3;
    Decoder model = kind == 0 ? RandomTextModels.gpt2(heads, 8, seed) : RandomTextModels.gptNeoX(heads, 8, kind == 1, seed);
    keepsTheLogits(model, residual, values, feedForward, stream, heads * 8, seed);
  }

  private static void keepsTheLogits(
      Decoder model, boolean residual, boolean values, boolean feedForward, Stream stream, int hidden, long seed) {
    Stream possible = HadamardTransform.isSupported(hidden) ? stream : Stream.RANDOM;
    Tensor ids = RandomTextModels.input(7, seed + 1);
    try (Ops ops = Ops.serial(); var inference = ops.noGrad()) {
      float[] before = model.forward(ops, ids).toFloats();
      float[] streamBefore = model.embed(ops, ids).toFloats();
      ModelRotation.apply(model.requireResidualStructure(), new RotationOptions(residual, values, feedForward, possible, seed));
      float[] after = model.forward(ops, ids).toFloats();
      double difference = RandomModels.relativeDifference(after, before);
      assertTrue(difference < 1e-4, "relative difference " + difference);
      double turned = RandomModels.relativeDifference(model.embed(ops, ids).toFloats(), streamBefore);
      assertTrue(!residual || turned > 0.1, "the stream moved by " + turned);
      assertEquals(residual, model.config().size().folded());
    }
  }

  /** Word vectors and head are one matrix before; a rotation gives each its own. */
  @Test
  void aTiedHeadGetsItsOwnWeight() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 3);
    assertTrue(model.config().size().tied());
    int before = model.parameters().size();
    ModelRotation.apply(model.requireResidualStructure(), RotationOptions.DEFAULTS);
    assertFalse(model.config().size().tied());
    int norms = 2 * 2 + 1;
    assertEquals(before + 1 - norms, model.parameters().size());
  }

  @Test
  void aNormalisedStreamIsRefused() {
    for (String name : new String[] {"gemma2", "opt-post", "bert"}) {
      try (LoadedModel loaded = ModelLoader.load(Golden.path("text/" + name))) {
        String message = assertThrows(IllegalArgumentException.class, () -> loaded.model().requireResidualStructure()).getMessage();
        assertTrue(message.contains("has no residual stream that can be rotated"), message);
      }
    }
  }
}
