package nibble.quant.tuning;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.tokenizer.EncodeOptions;
import nibble.loaders.tokenizer.Tokenizers;
import nibble.nn.evaluation.Divergence;
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
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;

/**
 * What training through simulated rounding, and lattice codes, are worth on a trained model, on
 * text that it did not see.
 */
class Stories260kTuningTest {
  private static final int SCORED = 2_000;
  private static final int SPARE = 20_000;

  /** Divergence from the float model, in nats a token. */
  private static double divergence(String method, String scheme, Map<String, String> options)
      throws IOException {
    Path source = SharedData.require("llm/stories260k");
    int[] text =
        Tokenizers.load(source)
            .encode(
                Files.readString(SharedData.require("text/tinystories-dev.txt")),
                EncodeOptions.DEFAULTS.withAddSpecial(false))
            .ids();
    List<Samples> windows =
        TokenWindows.random(Arrays.copyOfRange(text, SPARE, text.length), 64, 24, new Random(1))
            .stream()
            .map(Samples::unlabelled)
            .toList();
    MethodCatalogue catalogue = MethodCatalogue.standard();
    try (LoadedModel model = ModelLoader.load(source);
        LoadedModel exact = ModelLoader.load(source);
        LoadedModel teacher = ModelLoader.load(source);
        Ops ops = new Ops(WorkSplitter.ofThreads(2))) {
      new RecipeRunner(
              catalogue, Presets.recipe(catalogue, method, options, Scheme.parse(scheme), 1))
          .run(
              ops,
              model.model(),
              teacher::model,
              SampleSource.of(windows),
              1,
              MethodProgress.NONE,
              ResumeStore.NONE);
      return Divergence.of(
              ops,
              model.languageModel(),
              exact.languageModel(),
              Arrays.copyOf(text, SCORED),
              TokenWindows.separate(128, 1),
              share -> {})
          .kullbackLeibler()
          .mean();
    }
  }

  @Test
  void trainedWeightsBeatRoundedOnes() throws IOException {
    double rounded = divergence("rtn", "W4A4", Map.of());
    double trained = divergence("roste", "W4A4", Map.of("steps", "25"));
    assertTrue(trained < 0.75 * rounded, "roste %s, rtn %s".formatted(trained, rounded));
  }

  @Test
  void latticeCodesBeatIntegersAtTwoBits() throws IOException {
    double integers = divergence("gptq", "W2A16", Map.of());
    double lattice = divergence("quip-sharp", "W2A16", Map.of());
    assertTrue(lattice < 0.6 * integers, "quip-sharp %s, gptq %s".formatted(lattice, integers));
  }
}
