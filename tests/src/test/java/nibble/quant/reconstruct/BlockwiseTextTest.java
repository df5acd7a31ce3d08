package nibble.quant.reconstruct;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.safetensors.Safetensors;
import nibble.loaders.tokenizer.EncodeOptions;
import nibble.loaders.tokenizer.Tokenizers;
import nibble.nn.evaluation.Perplexity;
import nibble.nn.evaluation.TokenWindows;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import nibble.testing.SharedData;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Methods that learn block by block, and what mends behind others, on a real language model: better
 * than what they are compared with on text that they did not see.
 */
class BlockwiseTextTest {
  private static final int WINDOW = 128;

  private static double perplexity(String method, String scheme, Map<String, String> options)
      throws IOException {
    Path folder = SharedData.require("llm/stories260k");
    int[] text =
        Tokenizers.load(folder)
            .encode(
                Files.readString(SharedData.require("text/tinystories-dev.txt")),
                EncodeOptions.DEFAULTS.withAddSpecial(false))
            .ids();
    List<Tensor> calibration =
        TokenWindows.random(
            Arrays.copyOfRange(text, 20_000, text.length), WINDOW, 8, new Random(1));
    MethodCatalogue catalogue = MethodCatalogue.standard();
    try (LoadedModel loaded = ModelLoader.load(folder);
        LoadedModel original = ModelLoader.load(folder);
        Ops ops = new Ops(WorkSplitter.ofThreads(2))) {
      new RecipeRunner(
              catalogue, Presets.recipe(catalogue, method, options, Scheme.parse(scheme), 1))
          .run(
              ops,
              loaded.model(),
              original::model,
              SampleSource.of(calibration.stream().map(Samples::unlabelled).toList()),
              1,
              MethodProgress.NONE,
              ResumeStore.NONE);
      return Perplexity.of(
              ops,
              loaded.languageModel(),
              Arrays.copyOf(text, 1500),
              TokenWindows.separate(256, 1),
              share -> {})
          .value();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "omniquant, W3A16, iterations=10 clip-rate=0.2, rtn",
    "cbq, W3A16, iterations=4 window=1, rtn",
    "discquant, W3A16, iterations=8 rate=0.2, rtn",
    "gptq+norm-tweaking, W3A16, tune=closed-form, gptq",
  })
  void betterThan(String method, String scheme, String options, String rival) throws IOException {
    Map<String, String> own =
        Arrays.stream(options.split(" "))
            .collect(Collectors.toMap(o -> o.split("=")[0], o -> o.split("=")[1]));
    double found = perplexity(method, scheme, own);
    double other = perplexity(rival, scheme, Map.of());
    assertTrue(
        found < 0.97 * other,
        "%s %s: perplexity %.3f, %s: %.3f".formatted(method, scheme, found, rival, other));
  }

  /**
   * Joined weights, biases, rotary and other positions, norms of heads, norms behind sums: at 8
   * bits every model keeps its output, nearly.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama-biases",
        "qwen3",
        "phi3",
        "gemma2",
        "gpt2",
        "opt-post",
        "gpt-neox",
        "bert",
        "modernbert"
      })
  void everyModelKeepsItsOutputAtEightBits(String name) {
    MethodCatalogue catalogue = MethodCatalogue.standard();
    for (String method : List.of("omniquant", "affinequant", "cbq", "a2q")) {
      try (LoadedModel loaded = ModelLoader.load(Golden.path("text/" + name));
          LoadedModel original = ModelLoader.load(Golden.path("text/" + name));
          Safetensors golden =
              Safetensors.open(Golden.path("text/" + name + "/expected.safetensors"));
          Ops ops = Ops.serial()) {
        Tensor ids = golden.tensor("input_ids");
        Map<String, String> options =
            switch (method) {
              case "a2q" -> Map.of("iterations", "2", "accumulator-bits", "24");
              case "cbq" ->
                  Map.of(
                      "iterations",
                      "2",
                      "preprocess",
                      "false"); // weights that are cut off cost more than 8 bits do
              default -> Map.of("iterations", "2");
            };
        new RecipeRunner(
                catalogue, Presets.recipe(catalogue, method, options, Scheme.parse("W8A8"), 1))
            .run(
                ops,
                loaded.model(),
                original::model,
                SampleSource.of(List.of(Samples.unlabelled(ids))),
                1,
                MethodProgress.NONE,
                ResumeStore.NONE);
        try (var inference = ops.noGrad()) {
          double difference =
              RandomModels.relativeDifference(
                  loaded.model().forward(ops, ids).toFloats(), golden.tensor("output").toFloats());
          assertTrue(
              difference > 1e-5 && difference < 0.2,
              method + " on " + name + " differs by " + difference);
        }
      }
    }
  }
}
