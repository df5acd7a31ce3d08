package nibble.quant.pipeline;

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
import nibble.nn.evaluation.Divergence;
import nibble.nn.evaluation.TokenWindows;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Prints the table of perplexities in docs/methods.md. Arguments: model folder, text file, then
 * pairs of method and scheme; options follow the method, as in {@code "spinquant+rtn steps=60"}.
 * The first 20,000 tokens (property {@code tokens}) are scored in separate windows of 256 behind
 * the token 1, calibration is 32 windows of 256 tokens (property {@code window}) from what comes
 * after the first 20,000.
 */
final class PerplexityTable {
  private PerplexityTable() {}

  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]);
    int[] text =
        Tokenizers.load(folder)
            .encode(
                Files.readString(Path.of(args[1])), EncodeOptions.DEFAULTS.withAddSpecial(false))
            .ids();
    int[] scored = Arrays.copyOf(text, Integer.getInteger("tokens", 20_000));
    List<Tensor> calibration =
        TokenWindows.random(
            Arrays.copyOfRange(text, 20_000, text.length),
            Integer.getInteger("window", 256),
            32,
            new Random(1));
    for (int i = 2; i < args.length; i += 2) {
      row(folder, scored, calibration, args[i], args[i + 1]);
    }
  }

  /** The group size of stories260k's widest layer would have to divide 172. */
  private static Map<String, String> options(String[] words, String scheme) {
    Map<String, String> options = new LinkedHashMap<>();
    if (scheme.contains(" g")) {
      options.put("per-channel", "*.mlp.down");
    }
    for (int i = 1; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      options.put(words[i].substring(0, equals), words[i].substring(equals + 1));
    }
    return options;
  }

  private static void row(
      Path folder, int[] text, List<Tensor> calibration, String method, String scheme) {
    try (LoadedModel model = ModelLoader.load(folder);
        LoadedModel reference = ModelLoader.load(folder);
        Ops ops = new Ops(WorkSplitter.ofThreads(2))) {
      if (!method.equals("float")) {
        String[] words = method.split(" ");
        MethodCatalogue catalogue = MethodCatalogue.standard();
        new RecipeRunner(
                catalogue,
                Presets.recipe(
                    catalogue, words[0], options(words, scheme), Scheme.parse(scheme), 1))
            .run(
                ops,
                model.model(),
                () -> ModelLoader.load(folder).model(),
                SampleSource.of(calibration.stream().map(Samples::unlabelled).toList()),
                1,
                MethodProgress.NONE,
                ResumeStore.NONE);
      }
      Divergence d =
          Divergence.of(
              ops,
              model.languageModel(),
              reference.languageModel(),
              text,
              TokenWindows.separate(256, 1),
              share -> {});
      System.out.printf(
          "| %s | %s | %.4f | %.4f | %.2f %% |%n",
          method, scheme, d.perplexity().value(), d.kullbackLeibler().mean(), 100 * d.agreement());
    }
  }
}
