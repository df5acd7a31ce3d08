package nibble.nn.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.data.SentencePairs;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.SentenceModules;
import nibble.loaders.safetensors.Safetensors;
import nibble.loaders.tokenizer.EncodeOptions;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.loaders.tokenizer.Tokenizers;
import nibble.nn.transformer.Sequences;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;

/** Scores of real models on real texts, against those of an independent implementation. */
class TextScoresTest {
  private static final int BOS = 1;

  /**
   * The protocol of {@code reference/stories260k/summary.json}: separate windows of 255 tokens
   * behind the first one.
   */
  @Test
  void perplexityOfStories260k() throws IOException {
    Path folder = SharedData.require("llm/stories260k");
    int[] text = ids(folder, SharedData.require("text/tinystories-dev.txt"), 20_000);
    try (LoadedModel loaded = ModelLoader.load(folder);
        Ops ops = new Ops(WorkSplitter.ofThreads(2))) {
      Perplexity perplexity =
          Perplexity.of(
              ops, loaded.languageModel(), text, TokenWindows.separate(256, BOS), share -> {});
      assertEquals(20_000, perplexity.tokens());
      assertEquals(4.9168, perplexity.value(), 0.001 * 4.9168);
      assertTrue(
          perplexity.standardError() > 0.01 && perplexity.standardError() < 0.1,
          "standard error " + perplexity.standardError());
      int[] part = Arrays.copyOf(text, 1000);
      Divergence same =
          Divergence.of(
              ops,
              loaded.languageModel(),
              loaded.languageModel(),
              part,
              TokenWindows.separate(256, BOS),
              share -> {});
      assertEquals(0, same.kullbackLeibler().mean(), 1e-12);
      assertEquals(1, same.agreement(), 0);
    }
  }

  private static int[] ids(Path folder, Path text, int count) throws IOException {
    Tokenizer tokenizer = Tokenizers.load(folder);
    int[] all =
        tokenizer
            .encode(Files.readString(text), EncodeOptions.DEFAULTS.withAddSpecial(false))
            .ids();
    return Arrays.copyOf(all, count);
  }

  @Test
  void spearmanOfBertMini() {
    Path folder = SharedData.require("bert/bert-mini-sts-local");
    List<SentencePairs.Pair> pairs =
        SentencePairs.read(SharedData.require("sts/sts-dev.tsv")).pairs();
    Tokenizer tokenizer = Tokenizers.load(folder);
    SentenceModules modules = SentenceModules.read(folder);
    double[] cosines = new double[pairs.size()];
    try (LoadedModel loaded = ModelLoader.load(folder);
        Safetensors reference =
            Safetensors.open(
                SharedData.require("reference/bert-mini-sts-local/cosines_dev.safetensors"));
        Ops ops = new Ops(WorkSplitter.ofThreads(2));
        var inference = ops.noGrad()) {
      EncodeOptions options =
          EncodeOptions.DEFAULTS.withMaxLength(modules.maxTokens().orElseThrow());
      for (int i = 0; i < cosines.length; i += 50) {
        List<int[]> texts = new ArrayList<>();
        for (int j = i; j < i + 50; j++) {
          texts.add(tokenizer.encode(pairs.get(j).first(), options).ids());
          texts.add(tokenizer.encode(pairs.get(j).second(), options).ids());
        }
        Sequences sequences = Sequences.of(texts.stream().mapToInt(t -> t.length).toArray());
        Tensor vectors =
            modules.pooling().apply(ops, loaded.textEncoder().encode(ops, texts), sequences);
        for (int j = 0; j < 50; j++) {
          cosines[i + j] = dot(vectors.row(2 * j).toFloats(), vectors.row(2 * j + 1).toFloats());
        }
      }
      float[] expected = reference.tensor("cosine").toFloats();
      for (int i = 0; i < cosines.length; i++) {
        assertEquals(expected[i], cosines[i], 1e-5, "cosine of pair " + i);
      }
      double[] scores = pairs.stream().mapToDouble(SentencePairs.Pair::score).toArray();
      assertEquals(0.7438, Correlation.spearman(cosines, scores), 0.00005);
    }
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
