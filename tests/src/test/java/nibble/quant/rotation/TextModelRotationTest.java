package nibble.quant.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.nn.TokenIds;
import nibble.nn.decoder.Decoder;
import nibble.nn.transformer.KeyValueCache;
import nibble.quant.rotation.RotationOptions.Stream;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rotations leave the function of a language model as it was. */
class TextModelRotationTest {
  private static final int[][] HEADS_AND_DIMS = {
    {4, 2, 8}, {6, 3, 8}, {3, 1, 8}, {5, 5, 8}, {2, 1, 20}, {12, 4, 4}
  };

  @Property(tries = 60)
  void llamaKeepsItsLogits(
      @ForAll long seed,
      @ForAll @IntRange(max = 5) int size,
      @ForAll boolean biases,
      @ForAll boolean norms,
      @ForAll boolean joined,
      @ForAll boolean tied,
      @ForAll boolean residual,
      @ForAll boolean values,
      @ForAll boolean feedForward,
      @ForAll boolean keys,
      @ForAll Stream stream) {
    int[] s = HEADS_AND_DIMS[size];
    var shape = new RandomTextModels.Shape(s[0], s[1], s[2], 2, 48, biases, norms, joined, tied, 0);
    keepsTheLogits(
        RandomTextModels.llama(shape, seed),
        residual,
        values,
        feedForward,
        keys,
        stream,
        s[0] * s[2],
        seed);
  }

  /**
   * Layer normalisation, learned positions, joined weights, blocks whose layers stand side by side.
   */
  @Property(tries = 30)
  void modelsWithLayerNormKeepTheirLogits(
      @ForAll long seed,
      @ForAll @IntRange(max = 2) int kind,
      @ForAll @IntRange(max = 1) int size,
      @ForAll boolean residual,
      @ForAll boolean values,
      @ForAll boolean feedForward,
      @ForAll boolean keys,
      @ForAll Stream stream) {
    int heads = size == 0 ? 4 : 3;
    Decoder model =
        kind == 0
            ? RandomTextModels.gpt2(heads, 8, seed)
            : RandomTextModels.gptNeoX(heads, 8, kind == 1, seed);
    keepsTheLogits(model, residual, values, feedForward, keys, stream, heads * 8, seed);
  }

  private static void keepsTheLogits(
      Decoder model,
      boolean residual,
      boolean values,
      boolean feedForward,
      boolean keys,
      Stream stream,
      int hidden,
      long seed) {
    Stream possible = HadamardTransform.isSupported(hidden) ? stream : Stream.RANDOM;
    Tensor ids = RandomTextModels.input(7, seed + 1);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] before = model.forward(ops, ids).toFloats();
      float[] streamBefore = model.embed(ops, ids).toFloats();
      ModelRotation.apply(
          model, new RotationOptions(residual, values, feedForward, keys, possible, seed));
      float[] after = model.forward(ops, ids).toFloats();
      double difference = RandomModels.relativeDifference(after, before);
      assertTrue(difference < 1e-4, "relative difference " + difference);
      double turned =
          RandomModels.relativeDifference(model.embed(ops, ids).toFloats(), streamBefore);
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
    ModelRotation.apply(model, RotationOptions.DEFAULTS);
    assertFalse(model.config().size().tied());
    int norms = 2 * 2 + 1;
    assertEquals(before + 1 - norms, model.parameters().size());
  }

  @Test
  void aNormalisedStreamIsRefused() {
    for (String name : new String[] {"gemma2", "opt-post", "bert"}) {
      try (LoadedModel loaded = ModelLoader.load(Golden.path("text/" + name))) {
        String message =
            assertThrows(
                    IllegalArgumentException.class, () -> loaded.model().requireResidualStructure())
                .getMessage();
        assertTrue(message.contains("has no residual stream that can be rotated"), message);
      }
    }
  }

  /**
   * What has no stream that could be rotated can still have its values, feed-forward inputs,
   * queries and keys rotated; OPT and Phi-3 all of it.
   */
  @ParameterizedTest
  @CsvSource({
    "bert, false",
    "modernbert, false",
    "distilbert, false",
    "gemma2, false",
    "gemma3, false",
    "opt-post, false",
    "opt, true",
    "phi3, true",
    "qwen3, true",
    "gpt2, true"
  })
  void everyArchitectureKeepsItsOutputs(String name, boolean residual) {
    try (LoadedModel loaded = ModelLoader.load(Golden.path("text/" + name));
        Safetensors golden =
            Safetensors.open(Golden.path("text/" + name + "/expected.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Model model = loaded.model();
      Tensor ids = golden.tensor("input_ids");
      float[] before = model.forward(ops, ids).toFloats();
      boolean keys = HadamardTransform.isSupported(model.attentions().getFirst().headDim());
      ModelRotation.apply(
          model, new RotationOptions(residual, true, isPossible(model), keys, Stream.RANDOM, 3));
      assertTrue(
          RandomModels.relativeDifference(model.forward(ops, ids).toFloats(), before) < 1e-4);
      assertTrue(
          model.blocks().stream()
              .allMatch(block -> model.sites().get(block.name() + ".kv.key").isIdentity() != keys));
    }
  }

  private static boolean isPossible(Model model) {
    return model.feedForwards().stream()
        .allMatch(f -> HadamardTransform.isSupported(f.down().in()));
  }

  /**
   * Rotated keys are what a cache stores: a text that is continued gives what it gives as a whole.
   */
  @Test
  void rotatedKeysAreCached() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 3);
    int[] ids = RandomTextModels.ids(9, 4);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] whole = model.forward(ops, TokenIds.tensor(ids)).toFloats();
      ModelRotation.apply(model, new RotationOptions(true, true, true, true, Stream.HADAMARD, 3));
      KeyValueCache cache = model.newCache();
      model.prefill(ops, cache, Arrays.copyOf(ids, 5));
      float[] last =
          model.next(ops, List.of(cache), List.of(Arrays.copyOfRange(ids, 5, 9))).toFloats();
      float[] expected = Arrays.copyOfRange(whole, whole.length - last.length, whole.length);
      assertTrue(RandomModels.relativeDifference(last, expected) < 1e-4);
    }
  }

  /**
   * Negative: before rotary positions, which turn pairs of channels, a rotation of queries and keys
   * changes their products.
   */
  @Test
  void rotatingBeforePositionsChangesTheFunction() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 3);
    double change =
        change(
            model,
            () -> {
              for (ResidualStructure.Attention attention : model.attentions()) {
                Orthogonal head = RandomizedHadamard.plain(attention.headDim());
                WeightMaps.mapHeads(attention.queries(), attention.heads(), head);
                WeightMaps.mapHeads(attention.keys(), attention.keyValueHeads(), head);
              }
            });
    assertTrue(change > 0.01, "changed by " + change + " only");
  }

  /** Where nothing turns, the same maps are exact: it is the order that matters. */
  @Test
  void withoutRotaryPositionsTheOrderDoesNotMatter() {
    Decoder model = RandomTextModels.gpt2(4, 8, 3);
    double change =
        change(
            model,
            () -> {
              for (ResidualStructure.Attention attention : model.attentions()) {
                Orthogonal head = RandomizedHadamard.plain(attention.headDim());
                WeightMaps.mapHeads(attention.queries(), attention.heads(), head);
                WeightMaps.mapHeads(attention.keys(), attention.keyValueHeads(), head);
              }
            });
    assertTrue(change < 1e-4, "changed by " + change);
  }

  /**
   * Negative: RMS normalisation does not centre, so taking the mean out of word vectors, as a
   * public code does for Llama too, changes the function.
   */
  @Test
  void centringAModelWithRmsNormsChangesTheFunction() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 3);
    double change =
        change(
            model,
            () -> model.requireResidualStructure().embeddings().forEach(WeightMaps::centreRows));
    assertTrue(change > 0.01, "changed by " + change + " only");
  }

  private static double change(Decoder model, Runnable transform) {
    Tensor ids = RandomTextModels.input(9, 1);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] before = model.forward(ops, ids).toFloats();
      transform.run();
      return RandomModels.relativeDifference(model.forward(ops, ids).toFloats(), before);
    }
  }
}
