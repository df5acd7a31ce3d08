package nibble.nn.decoder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import nibble.loaders.json.Json;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Linear;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.KeyValueCache;
import nibble.quant.rotation.ModelRotation;
import nibble.quant.rotation.RotationOptions;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;

/** The real stories260k against the outputs of an independent implementation. */
class Stories260kTest {
  private static final String MODEL = "llm/stories260k";
  private static final String REFERENCE = "reference/stories260k/";

  @Test
  void logitsEqualTheReference() {
    try (LoadedModel loaded = ModelLoader.load(SharedData.require(MODEL));
        Safetensors reference =
            Safetensors.open(SharedData.require(REFERENCE + "logits64.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor ids = reference.tensor("input_ids").view(1, 64);
      assertClose(
          loaded.languageModel().forward(ops, ids).toFloats(), reference.tensor("logits"), 2e-5);
      ModelRotation.apply(loaded.model(), RotationOptions.DEFAULTS.withSeed(7));
      assertClose(
          loaded.languageModel().forward(ops, ids).toFloats(), reference.tensor("logits"), 1e-4);
    }
  }

  @Test
  void greedyContinuationEqualsTheReference() {
    var summary = Json.readObject(SharedData.require(REFERENCE + "summary.json"));
    int[] prompt = summary.array("prompt_ids").ints();
    int[] expected = summary.array("greedy_ids").ints();
    try (LoadedModel loaded = ModelLoader.load(SharedData.require(MODEL));
        Ops ops = Ops.serial()) {
      CausalLanguageModel model = loaded.languageModel();
      KeyValueCache cache = model.newCache();
      int[] ids = Arrays.copyOf(prompt, expected.length);
      float[] logits = model.next(ops, List.of(cache), List.of(prompt)).toFloats();
      for (int i = prompt.length; i < ids.length; i++) {
        ids[i] = largest(logits);
        logits = model.next(ops, List.of(cache), List.of(new int[] {ids[i]})).toFloats();
      }
      assertArrayEquals(expected, ids);
    }
  }

  /**
   * Queries and keys of the original file have their pairs side by side: with half-split positions
   * they give nonsense.
   */
  @Test
  void interleavedRowsAreNotTheConventionOfThisModel() {
    try (LoadedModel loaded = ModelLoader.load(SharedData.require(MODEL));
        Safetensors reference =
            Safetensors.open(SharedData.require(REFERENCE + "logits64.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor ids = reference.tensor("input_ids").view(1, 64);
      for (int layer = 0; layer < 5; layer++) {
        interleave(loaded.model().linear("layers." + layer + ".attn.q"), 8);
        interleave(loaded.model().linear("layers." + layer + ".attn.k"), 8);
      }
      double difference =
          RandomModels.relativeDifference(
              loaded.languageModel().forward(ops, ids).toFloats(),
              reference.tensor("logits").toFloats());
      assertTrue(difference > 0.1, "differs by " + difference);
    }
  }

  /** Rows {@code i} and {@code i + d/2} of a head side by side. */
  private static void interleave(Linear linear, int headDim) {
    float[] from = linear.weight().peek().toFloats();
    float[] to = new float[from.length];
    int in = linear.in();
    for (int row = 0; row < linear.out(); row++) {
      int head = row / headDim;
      int i = row % headDim;
      int source = head * headDim + i / 2 + (i % 2) * headDim / 2;
      System.arraycopy(from, source * in, to, row * in, in);
    }
    linear.setWeight(Tensor.of(to, linear.out(), in));
  }

  private static int largest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  private static void assertClose(float[] actual, Tensor expected, double tolerance) {
    double difference = RandomModels.relativeDifference(actual, expected.toFloats());
    assertTrue(difference < tolerance, "logits differ by " + difference + " of the largest value");
  }
}
