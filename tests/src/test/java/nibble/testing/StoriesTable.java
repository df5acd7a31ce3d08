package nibble.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.tokenizer.EncodeOptions;
import nibble.loaders.tokenizer.Tokenizers;
import nibble.nn.evaluation.Perplexity;
import nibble.nn.evaluation.TokenWindows;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Perplexity of stories260k after quantization: the first tokens of the development text are scored
 * in separate windows of 256 tokens, calibration takes 16 windows of 128 tokens from its second
 * half. As a program: arguments are the number of tokens, then {@code
 * method@scheme[@option=value,...]}.
 */
public final class StoriesTable {
  private static final int BOS = 1;

  private StoriesTable() {}

  public static void main(String[] args) throws IOException {
    int tokens = Integer.parseInt(args[0]);
    for (int i = 1; i < args.length; i++) {
      String[] parts = args[i].split("@", -1);
      Map<String, String> options = new LinkedHashMap<>();
      if (parts.length > 2) {
        for (String option : parts[2].split(",", -1)) {
          options.put(
              option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
        }
      }
      long start = System.nanoTime();
      Perplexity perplexity = perplexity(parts[0], parts[1], options, tokens);
      System.out.printf(
          "| %s | %.3f | %.3f | %.0f s |%n",
          args[i],
          perplexity.value(),
          perplexity.standardError(),
          (System.nanoTime() - start) * 1e-9);
    }
  }

  /** The perplexity on the first {@code tokens} tokens; method {@code float} changes nothing. */
  public static Perplexity perplexity(
      String method, String scheme, Map<String, String> options, int tokens) throws IOException {
    Path folder = SharedData.require("llm/stories260k");
    int[] text =
        Tokenizers.load(folder)
            .encode(
                Files.readString(SharedData.require("text/tinystories-dev.txt")),
                EncodeOptions.DEFAULTS.withAddSpecial(false))
            .ids();
    try (LoadedModel loaded = ModelLoader.load(folder);
        Ops ops = new Ops(WorkSplitter.serial())) {
      if (!method.equals("float")) {
        List<Tensor> calibration =
            TokenWindows.random(
                Arrays.copyOfRange(text, 25_000, text.length), 128, 16, new Random(1));
        quantize(ops, loaded, folder, method, scheme, options, calibration);
      }
      return Perplexity.of(
          ops,
          loaded.languageModel(),
          Arrays.copyOf(text, tokens),
          TokenWindows.separate(256, BOS),
          share -> {});
    }
  }

  private static void quantize(
      Ops ops,
      LoadedModel loaded,
      Path folder,
      String method,
      String scheme,
      Map<String, String> options,
      List<Tensor> calibration) {
    MethodCatalogue catalogue = MethodCatalogue.standard();
    RecipeRunner runner =
        new RecipeRunner(
            catalogue, Presets.recipe(catalogue, method, options, Scheme.parse(scheme), 3));
    SampleSource samples = SampleSource.of(calibration.stream().map(Samples::unlabelled).toList());
    try (LoadedModel teacher = ModelLoader.load(folder)) {
      MethodReport unused =
          runner.run(
              ops,
              loaded.model(),
              teacher::model,
              samples,
              3,
              MethodProgress.NONE,
              ResumeStore.NONE);
    }
  }
}
