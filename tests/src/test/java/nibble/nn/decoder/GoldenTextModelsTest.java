package nibble.nn.decoder;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.TokenIds;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.KeyValueCache;
import nibble.nn.transformer.TextEncoder;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every architecture against values of an independent implementation, {@code
 * tests/golden/text/generate.py}.
 */
class GoldenTextModelsTest {
  private static final double TOLERANCE = 2e-5;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama",
        "llama-biases",
        "mistral",
        "qwen2",
        "qwen3",
        "phi3",
        "phi3-partial",
        "smollm3",
        "gemma",
        "gemma2",
        "gemma3",
        "gpt2",
        "opt",
        "opt-post",
        "gpt-neox",
        "gpt-neox-sequential",
        "bert",
        "roberta",
        "distilbert",
        "modernbert"
      })
  void outputsEqualTheGoldenValues(String name) {
    try (LoadedModel loaded = ModelLoader.load(Golden.path("text/" + name));
        Safetensors expected =
            Safetensors.open(Golden.path("text/" + name + "/expected.safetensors"));
        Ops ops = Ops.serial()) {
      Tensor ids = expected.tensor("input_ids");
      float[] output = expected.tensor("output").toFloats();
      Model model = loaded.model();
      assertClose(model.forward(ops, ids).toFloats(), output, name + " with grad mode");
      try (var inference = ops.noGrad()) {
        assertClose(model.forward(ops, ids).toFloats(), output, name + " without grad mode");
        Set<String> unseen = watch(model);
        assertClose(model.forward(ops, ids).toFloats(), output, name + " with every site watched");
        assertTrue(unseen.isEmpty(), "sites that were not passed: " + unseen);
        model.sites().all().forEach(Site::clear);
      }
      switch (model) {
        case CausalLanguageModel m -> continuations(ops, m, ids, output, name);
        case TextEncoder m -> textsOfDifferentLengths(ops, m, ids, name);
        default -> throw new AssertionError(model.architecture());
      }
    }
  }

  private static Set<String> watch(Model model) {
    Set<String> unseen = new HashSet<>();
    for (Site site : model.sites().all()) {
      unseen.add(site.name());
      site.append(
          (ops, x) -> {
            unseen.remove(site.name());
            return x;
          });
    }
    return unseen;
  }

  /**
   * Two sequences together, fed in parts of different lengths, predict what the whole sequences do.
   */
  private static void continuations(
      Ops ops, CausalLanguageModel model, Tensor ids, float[] output, String name) {
    int[][] rows = rows(ids);
    int tokens = rows[0].length;
    int vocabulary = model.vocabulary();
    KeyValueCache first = model.newCache();
    KeyValueCache second = model.newCache();
    model.prefill(ops, first, Arrays.copyOf(rows[0], 4));
    Tensor logits =
        model.next(
            ops,
            List.of(first, second),
            List.of(Arrays.copyOfRange(rows[0], 4, 6), Arrays.copyOf(rows[1], 9)));
    boolean dependsOnLength =
        name.equals("phi3"); // LongRoPE: a prefix has other frequencies than the whole
    if (!dependsOnLength) {
      assertClose(
          logits.row(0).toFloats(), at(output, 0, 5, tokens, vocabulary), name + " after 6 tokens");
      assertClose(
          logits.row(1).toFloats(), at(output, 1, 8, tokens, vocabulary), name + " after 9 tokens");
    }
    for (int t = 9; t < tokens; t++) {
      logits = model.next(ops, List.of(second), List.of(new int[] {rows[1][t]}));
      if (!dependsOnLength || t == tokens - 1) {
        assertClose(
            logits.toFloats(),
            at(output, 1, t, tokens, vocabulary),
            name + " token by token, " + t);
      }
    }
    logits = model.next(ops, List.of(first), List.of(Arrays.copyOfRange(rows[0], 6, tokens)));
    assertClose(
        logits.toFloats(),
        at(output, 0, tokens - 1, tokens, vocabulary),
        name + " the rest at once");
  }

  /** A text has the same vectors in company as alone. */
  private static void textsOfDifferentLengths(Ops ops, TextEncoder model, Tensor ids, String name) {
    try (var inference = ops.noGrad()) {
      int[][] rows = rows(ids);
      int[] part = Arrays.copyOf(rows[1], 5);
      float[] together = model.encode(ops, List.of(rows[0], part)).toFloats();
      float[] alone = model.forward(ops, TokenIds.tensor(part)).toFloats();
      assertClose(
          Arrays.copyOfRange(together, rows[0].length * model.width(), together.length),
          alone,
          name + " in company");
    }
  }

  private static int[][] rows(Tensor ids) {
    TokenIds all = TokenIds.of(ids);
    int[][] rows = new int[all.batch()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Arrays.copyOfRange(all.flat(), i * all.tokens(), (i + 1) * all.tokens());
    }
    return rows;
  }

  private static float[] at(float[] output, int row, int token, int tokens, int vocabulary) {
    int from = (row * tokens + token) * vocabulary;
    return Arrays.copyOfRange(output, from, from + vocabulary);
  }

  private static void assertClose(float[] actual, float[] expected, String what) {
    double difference = RandomModels.relativeDifference(actual, expected);
    assertTrue(
        difference < TOLERANCE, what + ": differs by " + difference + " of the largest value");
  }
}
