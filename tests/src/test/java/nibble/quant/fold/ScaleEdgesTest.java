package nibble.quant.fold;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.nn.decoder.Decoder;
import nibble.nn.vit.ViTConfig;
import nibble.quant.rotation.ModelRotation;
import nibble.quant.rotation.RotationOptions;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scales of channels leave the function of a model as it was. */
class ScaleEdgesTest {
  private static final int[][] HEADS_AND_DIMS = {
    {4, 2, 8}, {6, 3, 8}, {3, 1, 8}, {5, 5, 8}, {2, 1, 20}, {12, 4, 4}, {1, 1, 6}
  };

  /** Random factors from 0.1 to 10, some of them negative where that is allowed, on every edge. */
  private static void scaleAll(List<? extends ScaleEdge> edges, long seed) {
    Random random = new Random(seed);
    for (ScaleEdge edge : edges) {
      edge.scale(factors(edge, random));
    }
  }

  private static float[] factors(ScaleEdge edge, Random random) {
    float[] a = new float[edge.factors()];
    for (int i = 0; i < a.length; i++) {
      a[i] =
          (float) Math.pow(10, 2 * random.nextDouble() - 1)
              * (!edge.positive() && random.nextInt(4) == 0 ? -1 : 1);
    }
    return a;
  }

  private static double change(Model model, Tensor input, Runnable transform) {
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] before = model.forward(ops, input).toFloats();
      transform.run();
      return RandomModels.relativeDifference(model.forward(ops, input).toFloats(), before);
    }
  }

  @Property(tries = 60)
  void llamaKeepsItsLogits(
      @ForAll long seed,
      @ForAll @IntRange(max = 6) int size,
      @ForAll boolean biases,
      @ForAll boolean norms,
      @ForAll boolean joined,
      @ForAll boolean tied) {
    int[] s = HEADS_AND_DIMS[size];
    Decoder model =
        RandomTextModels.llama(
            new RandomTextModels.Shape(s[0], s[1], s[2], 2, 48, biases, norms, joined, tied, 0),
            seed);
    List<ScaleEdge> edges = ScaleEdges.of(model);
    assertEquals(
        5 + 2 + 2 + (norms ? 0 : 2),
        edges.size(),
        "norms with the last one, values, feed-forward, queries and keys");
    double change = change(model, RandomTextModels.input(7, seed + 1), () -> scaleAll(edges, seed));
    assertTrue(change < 1e-4, "relative difference " + change);
  }

  @Property(tries = 30)
  void modelsWithLayerNormKeepTheirLogits(
      @ForAll long seed,
      @ForAll @IntRange(max = 2) int kind,
      @ForAll @IntRange(min = 1, max = 5) int heads) {
    Decoder model =
        kind == 0
            ? RandomTextModels.gpt2(heads, 8, seed)
            : RandomTextModels.gptNeoX(heads, 8, kind == 1, seed);
    List<ScaleEdge> edges = ScaleEdges.of(model);
    assertEquals(5 + 2 + 2, edges.size(), "nothing passes GELU");
    double change = change(model, RandomTextModels.input(7, seed + 1), () -> scaleAll(edges, seed));
    assertTrue(change < 1e-4, "relative difference " + change);
  }

  @Property(tries = 20)
  void visionTransformersKeepTheirLogits(
      @ForAll @IntRange(max = 1000) int seed, @ForAll @IntRange(min = 1, max = 5) int heads) {
    Model model =
        RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, heads, 8, 2, 24, true), seed);
    List<ScaleEdge> edges = ScaleEdges.of(model);
    assertEquals(5 + 2 + 2, edges.size());
    double change = change(model, RandomModels.pixels(2, seed), () -> scaleAll(edges, seed));
    assertTrue(change < 1e-4, "relative difference " + change);
  }

  /**
   * Every architecture says what edges it has: norms, values, feed-forward layers, queries and
   * keys.
   */
  @ParameterizedTest
  @CsvSource({
    "llama, 5 2 2 2", "llama-biases, 5 2 2 2", "mistral, 5 2 2 2", "qwen2, 5 2 2 2",
        "qwen3, 5 2 2 0", "phi3, 5 2 2 2", "gemma2, 5 2 2 2", "gemma3, 5 2 2 0",
    "gpt2, 5 2 0 2", "opt, 5 2 2 2", "opt-post, 0 2 2 2", "gpt-neox, 5 2 0 2", "bert, 0 2 0 2",
        "roberta, 0 2 0 2", "distilbert, 0 2 0 2", "modernbert, 7 4 4 4"
  })
  void everyTextArchitectureKeepsItsOutputs(String name, String expected) {
    try (LoadedModel loaded = ModelLoader.load(Golden.path("text/" + name));
        Safetensors golden =
            Safetensors.open(Golden.path("text/" + name + "/expected.safetensors"))) {
      Model model = loaded.model();
      int[] counts = {
        ScaleEdges.norms(model).size(),
        ScaleEdges.values(model).size(),
        ScaleEdges.feedForwards(model).size(),
        ScaleEdges.queriesAndKeys(model).size()
      };
      assertEquals(
          expected, "%d %d %d %d".formatted(counts[0], counts[1], counts[2], counts[3]), name);
      double change =
          change(model, golden.tensor("input_ids"), () -> scaleAll(ScaleEdges.of(model), 3));
      assertTrue(change < 1e-4, name + ": relative difference " + change);
    }
  }

  /**
   * The slip of public reference code: factors of queries and keys that are not the same for both
   * channels of a rotary pair.
   */
  @Test
  void untiedFactorsOfRotaryPairsChangeTheFunction() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 5);
    ResidualStructure.Attention attention = model.attentions().getFirst();
    assertEquals(8, attention.between().rotary());
    assertEquals(2 * 4, new QueryKeyEdge(attention).factors());
    ResidualStructure.Attention untied =
        new ResidualStructure.Attention(
            attention.inputs(),
            attention.queries(),
            attention.keys(),
            attention.values(),
            attention.output(),
            attention.heads(),
            attention.keyValueHeads(),
            attention.headDim(),
            ResidualStructure.Between.NOTHING);
    QueryKeyEdge edge = new QueryKeyEdge(untied);
    assertEquals(2 * 8, edge.factors());
    double change =
        change(model, RandomTextModels.input(9, 1), () -> edge.scale(factors(edge, new Random(1))));
    assertTrue(change > 0.01, "untied factors changed the logits by " + change + " only");
  }

  /** Through GELU or SiLU no factor passes: what the model does not offer would be wrong. */
  @Test
  void factorsThroughGeluChangeTheFunction() {
    Decoder model = RandomTextModels.gpt2(4, 8, 2);
    ResidualStructure.FeedForward plain = model.feedForwards().getFirst();
    FeedForwardEdge edge =
        new FeedForwardEdge(plain, new ResidualStructure.Carrier(plain.up().getFirst(), 0, true));
    double change =
        change(model, RandomTextModels.input(9, 1), () -> edge.scale(factors(edge, new Random(1))));
    assertTrue(change > 0.01, "changed by " + change);
  }

  /** A carrier that is the gate instead of what it multiplies is wrong as well. */
  @Test
  void factorsOfTheGateChangeTheFunction() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 5);
    ResidualStructure.FeedForward gated = model.feedForwards().getFirst();
    FeedForwardEdge edge =
        new FeedForwardEdge(gated, new ResidualStructure.Carrier(gated.up().getFirst(), 0, false));
    double change =
        change(model, RandomTextModels.input(9, 1), () -> edge.scale(factors(edge, new Random(1))));
    assertTrue(change > 0.01, "changed by " + change);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 5);
    ScaleEdge edge = ScaleEdges.values(model).getFirst();
    assertThrows(IllegalArgumentException.class, () -> edge.scale(new float[3]));
    assertThrows(IllegalArgumentException.class, () -> edge.scale(new float[edge.factors()]));
    Linear relu = RandomTextModels.gpt2(4, 8, 2).feedForwards().getFirst().down();
    ScaleEdge positive =
        new FeedForwardEdge(
            new ResidualStructure.FeedForward(List.of(relu), relu, Optional.empty()),
            new ResidualStructure.Carrier(relu, 0, true));
    float[] negative = LinearScale.ones(positive.factors());
    negative[2] = -1;
    String message =
        assertThrows(IllegalArgumentException.class, () -> positive.scale(negative)).getMessage();
    assertTrue(message.contains("factor 2 is -1.0, expected a finite number above 0"), message);
  }

  /** What is installed between the two ends takes an edge away. */
  @Test
  void onlineTransformsTakeEdgesAway() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 5);
    ModelRotation.apply(model, RotationOptions.DEFAULTS);
    assertEquals(List.of(), ScaleEdges.norms(model));
    assertEquals(List.of(), ScaleEdges.values(model));
    assertEquals(List.of(), ScaleEdges.feedForwards(model));
    assertEquals(2, ScaleEdges.queriesAndKeys(model).size());
    model.sites().get("layers.1.attn.k_out").append((ops, x) -> x);
    assertEquals(1, ScaleEdges.queriesAndKeys(model).size());
    assertFalse(ScaleEdges.of(model).isEmpty());
  }
}
