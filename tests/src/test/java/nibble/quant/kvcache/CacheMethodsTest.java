package nibble.quant.kvcache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.nn.Model;
import nibble.nn.TokenIds;
import nibble.nn.cache.CacheFormat;
import nibble.nn.decoder.Decoder;
import nibble.nn.transformer.KeyValueCache;
import nibble.nn.vit.ViTConfig;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.fisher.NextTokenLoss;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import nibble.testing.SharedData;
import nibble.testing.StoriesTable;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CacheMethodsTest {
  private static final MethodCatalogue CATALOGUE = MethodCatalogue.standard();

  @TempDir Path folder;

  private static void quantize(
      Ops ops,
      Model model,
      Model reference,
      String method,
      String scheme,
      Map<String, String> options,
      Tensor ids) {
    RecipeRunner runner =
        new RecipeRunner(
            CATALOGUE, Presets.recipe(CATALOGUE, method, options, Scheme.parse(scheme), 3));
    SampleSource samples = SampleSource.of(List.of(Samples.unlabelled(ids)));
    MethodReport unused =
        runner.run(ops, model, () -> reference, samples, 3, MethodProgress.NONE, ResumeStore.NONE);
  }

  /** A cache belongs to the model: written, read again, used by passes with and without a cache. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "kv8",
        "kv4",
        "kv2",
        "kvquant4",
        "kvquant3",
        "kvquant2",
        "rotatekv4",
        "rotatekv3",
        "rotatekv2",
        "gptq+kv4",
        "hadamard+rtn+kvquant2"
      })
  void isWrittenAndReadBack(String method) throws IOException {
    Path source = TinyTextFolders.llama(folder.resolve("float"));
    Path target = Files.createDirectory(folder.resolve("quantized"));
    String scheme = method.contains("+") ? "W8A16" : "W16A16";
    try (LoadedModel loaded = ModelLoader.load(source);
        LoadedModel reference = ModelLoader.load(source);
        Ops ops = Ops.serial()) {
      int[] tokens = RandomTextModels.ids(24, 1);
      Tensor ids = TokenIds.tensor(tokens);
      quantize(ops, loaded.model(), reference.model(), method, scheme, Map.of(), ids);
      float[] logits = logits(ops, loaded.model(), ids);
      assertTrue(
          RandomModels.relativeDifference(logits, logits(ops, reference.model(), ids)) > 1e-6,
          "codes change something");
      ModelWriter.write(target, loaded.checkpoint().config(), loaded.model(), JsonObject.empty());
      try (LoadedModel read = ModelLoader.load(target)) {
        assertArrayEquals(logits, logits(ops, read.model(), ids));
        String format =
            loaded
                .languageModel()
                .blocks()
                .getFirst()
                .attention()
                .cacheFormat()
                .map(CacheFormat::format)
                .orElseThrow();
        assertEquals(
            format,
            read.languageModel()
                .blocks()
                .getFirst()
                .attention()
                .cacheFormat()
                .map(CacheFormat::format)
                .orElseThrow());
        KeyValueCache cache = read.languageModel().newCache();
        read.languageModel().prefill(ops, cache, Arrays.copyOf(tokens, 10));
        KeyValueCache fork = cache.fork();
        float[] next =
            read.languageModel()
                .next(ops, List.of(cache), List.of(Arrays.copyOfRange(tokens, 10, 24)))
                .toFloats();
        float[] last = Arrays.copyOfRange(logits, logits.length - next.length, logits.length);
        double tolerance =
            method.endsWith("2")
                ? 0.3
                : 0.05; // where a key lies on a threshold, rounding decides between two codes
        assertTrue(RandomModels.relativeDifference(next, last) < tolerance);
        float[] again =
            read.languageModel()
                .next(ops, List.of(fork), List.of(Arrays.copyOfRange(tokens, 10, 24)))
                .toFloats();
        assertArrayEquals(next, again);
      }
    }
  }

  private static float[] logits(Ops ops, Model model, Tensor ids) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, ids).toFloats();
    }
  }

  @Test
  void theSameTaskGivesTheSameFormat() {
    Tensor ids = RandomTextModels.input(20, 4);
    try (Ops ops = Ops.serial()) {
      float[][] logits = new float[2][];
      for (int i = 0; i < 2; i++) {
        Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
        quantize(
            ops,
            model,
            RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1),
            "kvquant2",
            "W16A16",
            Map.of(),
            ids);
        logits[i] = logits(ops, model, ids);
      }
      assertArrayEquals(logits[0], logits[1]);
    }
  }

  @Test
  void brokenFilesAreRefusedByName() throws IOException {
    Path source = TinyTextFolders.llama(folder.resolve("float"));
    JsonObject good =
        JsonObject.empty()
            .with("block", new JsonString("layers.0"))
            .with("sinks", JsonNumber.of(0))
            .with("window", JsonNumber.of(0))
            .with("before_positions", new JsonBool(false))
            .with("turned", new JsonBool(false));
    JsonObject codec =
        JsonObject.empty()
            .with("kind", new JsonString("token-groups"))
            .with("tensors", JsonArray.ofStrings(List.of()))
            .with(
                "numbers",
                JsonObject.empty()
                    .with("bits", JsonNumber.of(4))
                    .with("group", JsonNumber.of(3))
                    .with("clip", JsonNumber.of(1)));
    assertRefused(source, good.with("keys", codec).with("values", codec), "does not divide");
    assertRefused(
        source,
        good.with("block", new JsonString("layers.99")).with("keys", codec).with("values", codec),
        "layers.99");
    assertRefused(
        source,
        good.with("keys", codec.with("kind", new JsonString("magic"))).with("values", codec),
        "magic");
    assertRefused(
        source,
        good.with("sinks", JsonNumber.of(1 << 30)).with("keys", codec).with("values", codec),
        "sinks");
    assertRefused(
        source,
        good.with("heads_together", JsonNumber.of(1 << 30))
            .with("keys", codec)
            .with("values", codec),
        "heads_together");
  }

  private static void assertRefused(Path source, JsonObject format, String part) {
    JsonObject config = Json.readObject(source.resolve("config.json"));
    Json.write(
        source.resolve("config.json"),
        config.with("nibble", JsonObject.empty().with("kv_cache", JsonArray.of(List.of(format)))));
    BadFileException e = assertThrows(BadFileException.class, () -> ModelLoader.load(source));
    assertTrue(
        e.getMessage().contains(part) && e.getMessage().contains("config.json"), e.getMessage());
  }

  @Test
  void modelsWithoutACacheAreRefused() {
    Model vit = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 4);
    try (Ops ops = Ops.serial()) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  quantize(ops, vit, vit, "rtn+kv4", "W8A16", Map.of(), RandomModels.pixels(1, 1)));
      assertTrue(e.getMessage().contains("kv4"), e.getMessage());
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> Presets.recipe(CATALOGUE, "qwt", Map.of(), Scheme.parse("W16A16"), 1));
    assertEquals(
        Presets.recipe(CATALOGUE, "rtn+kv4", Map.of(), Scheme.parse("W4A16"), 1),
        Presets.recipe(CATALOGUE, "kv4", Map.of(), Scheme.parse("W4A16"), 1));
  }

  @Test
  void trainingThroughCodesIsRefused() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
    try (Ops ops = Ops.serial()) {
      quantize(ops, model, model, "kv4", "W16A16", Map.of(), RandomTextModels.input(8, 1));
      IllegalStateException e =
          assertThrows(
              IllegalStateException.class,
              () -> NextTokenLoss.backward(ops, model, RandomTextModels.input(8, 1)));
      assertTrue(e.getMessage().contains("no derivative"), e.getMessage());
    }
  }

  /**
   * Held-out text through the real model. On 10,000 tokens: 4.8 in float, 7.2 with kv4, 7.4 with
   * kvquant2, 4.9 with rotatekv4.
   */
  @Test
  void orderOfTheMethodsOnStories260k() throws IOException {
    SharedData.require("llm/stories260k");
    double exact = perplexity("float");
    double kv4 = perplexity("kv4");
    assertTrue(kv4 > 1.2 * exact && kv4 < 2 * exact, "kv4: " + kv4 + ", float: " + exact);
    double kvQuant = perplexity("kvquant2");
    assertTrue(kvQuant < 2 * exact, "kvquant2: " + kvQuant + ", float: " + exact);
    double rotateKv = perplexity("rotatekv4");
    assertTrue(rotateKv < 1.1 * exact, "rotatekv4: " + rotateKv + ", float: " + exact);
  }

  private static double perplexity(String method) throws IOException {
    return StoriesTable.perplexity(method, "W16A16", Map.of(), 500).value();
  }
}
