package nibble.quant.sage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.SmoothedScores;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.nn.Model;
import nibble.nn.Sites;
import nibble.nn.TokenIds;
import nibble.nn.site.FunctionRecord;
import nibble.nn.site.SmoothedQuantizer;
import nibble.nn.site.SmoothedQuantizer.Mean;
import nibble.nn.site.StoredFunctions;
import nibble.nn.vit.ViTConfig;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SageTest {
  private static final int D = 64;
  private static final int TOKENS = 200;

  @TempDir private Path folder = Path.of("");

  private static Tensor gaussian(long seed) {
    return Tensor.of(
        RandomModels.gaussian(new Random(seed), 2 * TOKENS * D, 0, 1), 1, 2, TOKENS, D);
  }

  /**
   * Attention with quantized queries and keys against the float one: relative L2. Keys have a
   * common channel bias.
   */
  private static double error(int bits, Mean queries, Mean keys, float bias) {
    float[] k = gaussian(2).toFloats();
    for (int i = 5; i < k.length; i += D) {
      k[i] += bias;
    }
    Tensor q = gaussian(1);
    Tensor key = Tensor.of(k, 1, 2, TOKENS, D);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] exact = attention(ops, q, key);
      float[] found =
          attention(
              ops,
              new SmoothedQuantizer(bits, 128, queries).apply(ops, q),
              new SmoothedQuantizer(bits, 64, keys).apply(ops, key));
      double sum = 0;
      double norm = 0;
      for (int i = 0; i < exact.length; i++) {
        sum += ((double) found[i] - exact[i]) * (found[i] - exact[i]);
        norm += (double) exact[i] * exact[i];
      }
      return Math.sqrt(sum / norm);
    }
  }

  private static float[] attention(Ops ops, Tensor q, Tensor k) {
    return ops.attention(
            ops.mergeHeads(q),
            ops.mergeHeads(k),
            ops.mergeHeads(gaussian(3)),
            2,
            2,
            AttentionRule.scaled(D).causalFrom(0),
            null,
            null)
        .toFloats();
  }

  @Test
  void eightBitsAreCloseAndSmoothingSavesFour() {
    assertTrue(
        error(8, Mean.BLOCK, Mean.ALL, 0) < 1e-2, "8 bits: " + error(8, Mean.BLOCK, Mean.ALL, 0));
    double plain = error(4, Mean.NONE, Mean.NONE, 20);
    double smoothed = error(4, Mean.BLOCK, Mean.ALL, 20);
    assertTrue(3 * smoothed < plain, "4 bits: " + smoothed + " smoothed, " + plain + " not");
    assertEquals(
        error(4, Mean.BLOCK, Mean.ALL, 0),
        smoothed,
        0.2 * smoothed,
        "a common bias does not matter once it is taken off");
  }

  @Property(tries = 60)
  void everyElementIsWithinHalfAStep(
      @ForAll @IntRange(min = 1, max = 90) int tokens,
      @ForAll @IntRange(min = 1, max = 20) int width,
      @ForAll Mean mean,
      @ForAll long seed) {
    float[] x = RandomModels.gaussian(new Random(seed), tokens * width, 1, 2);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] y =
          new SmoothedQuantizer(4, 64, mean).apply(ops, Tensor.of(x, 1, tokens, width)).toFloats();
      float largest = 0;
      for (float v : x) {
        largest = Math.max(largest, Math.abs(v));
      }
      for (int i = 0; i < x.length; i++) {
        double step = (mean == Mean.NONE ? largest : 2 * largest) / 7;
        assertEquals(x[i], y[i], 0.5 * step + 1e-4);
      }
    }
  }

  /** The mean alone, with many bits, changes nothing. */
  @Test
  void oneTokenStaysAsItIs() {
    float[] x = RandomModels.gaussian(new Random(1), 16, 0, 1);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      assertArrayEquals(
          x,
          new SmoothedQuantizer(4, 64, Mean.ALL).apply(ops, Tensor.of(x, 1, 1, 16)).toFloats(),
          1e-6f);
    }
  }

  private static void quantize(Ops ops, Model model, Map<String, String> options) {
    MethodCatalogue catalogue = MethodCatalogue.standard();
    RecipeRunner runner =
        new RecipeRunner(
            catalogue, Presets.recipe(catalogue, "sage", options, Scheme.parse("W16A16"), 3));
    MethodReport unused =
        runner.run(
            ops, model, () -> model, SampleSource.none(), 3, MethodProgress.NONE, ResumeStore.NONE);
  }

  @Test
  void isWrittenAndReadBack() throws IOException {
    Path source = TinyTextFolders.llama(folder.resolve("float"));
    Path target = Files.createDirectory(folder.resolve("quantized"));
    Tensor ids = TokenIds.tensor(RandomTextModels.ids(20, 1));
    try (LoadedModel loaded = ModelLoader.load(source);
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] exact = loaded.model().forward(ops, ids).toFloats();
      quantize(ops, loaded.model(), Map.of("sage-bits", "8"));
      float[] logits = loaded.model().forward(ops, ids).toFloats();
      ModelWriter.write(target, loaded.checkpoint().config(), loaded.model(), JsonObject.empty());
      try (LoadedModel read = ModelLoader.load(target)) {
        assertArrayEquals(logits, read.model().forward(ops, ids).toFloats());
      }
    }
  }

  /**
   * What steps change is in first order proportional to them, and those of 8 bits are 127 / 7 = 18
   * times finer than those of 4. How much they change depends on the model: scores of random
   * weights are large, and softmax multiplies their error by them (0.05 to 0.1 of the largest logit
   * with 8 bits, about 1 with 4).
   */
  @Test
  void eightBitsChangeLogitsByTheRatioOfTheSteps() throws IOException {
    Path source = TinyTextFolders.llama(folder.resolve("float"));
    double[] sums = new double[2];
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      for (int seed = 1; seed <= 3; seed++) {
        Tensor ids = TokenIds.tensor(RandomTextModels.ids(20, seed));
        for (int i = 0; i < 2; i++) {
          try (LoadedModel loaded = ModelLoader.load(source)) {
            float[] exact = loaded.model().forward(ops, ids).toFloats();
            quantize(ops, loaded.model(), Map.of("sage-bits", i == 0 ? "8" : "4"));
            float[] logits = loaded.model().forward(ops, ids).toFloats();
            sums[i] += RandomModels.relativeDifference(logits, exact);
          }
        }
      }
    }
    double ratio = sums[1] / sums[0];
    assertTrue(
        ratio > 18 / 2.0 && ratio < 18 * 2, "4 bits change %s times as much".formatted(ratio));
  }

  @Test
  void imageModelsToo() {
    Model vit = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 4);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] exact = vit.forward(ops, RandomModels.pixels(2, 1)).toFloats();
      quantize(ops, vit, Map.of());
      double difference =
          RandomModels.relativeDifference(
              vit.forward(ops, RandomModels.pixels(2, 1)).toFloats(), exact);
      assertTrue(difference > 1e-6 && difference < 0.5, "differs by " + difference);
    }
  }

  /**
   * Without gradients the products are those of integers, with them they are simulated in float; at
   * 8 bits both are the same but for the codes of single keys.
   */
  @Test
  void integersComputeWhatIsSimulated() throws IOException {
    try (LoadedModel loaded = ModelLoader.load(TinyTextFolders.llama(folder.resolve("simulated")));
        Ops ops = Ops.serial()) {
      Tensor ids = TokenIds.tensor(RandomTextModels.ids(40, 1));
      quantize(ops, loaded.model(), Map.of("sage-bits", "8"));
      Sites sites = loaded.model().sites();
      assertEquals(
          Optional.of(new SmoothedScores(8, true, true)),
          SmoothedQuantizer.scores(
              sites.get("layers.0.attn.q_out"), sites.get("layers.0.attn.k_out")));
      float[] simulated = loaded.model().forward(ops, ids).toFloats();
      try (var inference = ops.noGrad()) {
        float[] integers = loaded.model().forward(ops, ids).toFloats();
        double difference = RandomModels.relativeDifference(integers, simulated);
        assertTrue(difference > 0 && difference < 0.2, "differs by " + difference);
      }
      sites.get("layers.0.attn.k_out").append((o, x) -> x);
      assertEquals(
          Optional.empty(),
          SmoothedQuantizer.scores(
              sites.get("layers.0.attn.q_out"), sites.get("layers.0.attn.k_out")),
          "something else stands in a site");
    }
  }

  @Test
  void brokenRecordsAreRefused() {
    for (Map<String, Double> numbers :
        List.of(
            Map.of("bits", 4.0, "block", 0.0, "mean", 1.0),
            Map.of("bits", 4.0, "block", 64.0, "mean", 3.0),
            Map.of("bits", 9.0, "block", 64.0, "mean", 1.0))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> StoredFunctions.of(new FunctionRecord("smoothed", numbers, Map.of())));
    }
  }
}
