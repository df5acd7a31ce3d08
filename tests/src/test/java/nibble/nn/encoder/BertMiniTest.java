package nibble.nn.encoder;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.SentenceModules;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Block;
import nibble.nn.TokenIds;
import nibble.nn.transformer.Sequences;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;

/** The real bert-mini-sts-local against the outputs of an independent implementation. */
class BertMiniTest {
  private static final String MODEL = "bert/bert-mini-sts-local";
  private static final String REFERENCE = "reference/bert-mini-sts-local/";

  @Test
  void everyHiddenStateEqualsTheReference() {
    try (LoadedModel loaded = ModelLoader.load(SharedData.require(MODEL));
        Safetensors reference =
            Safetensors.open(SharedData.require(REFERENCE + "embeddings8.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor x = loaded.model().embed(ops, TokenIds.tensor(sentences().getFirst()));
      assertClose(x.toFloats(), reference.tensor("hidden0_0"), "hidden0_0");
      int layer = 1;
      for (Block block : loaded.model().blocks()) {
        x = block.forward(ops, x);
        String name = "hidden0_" + layer++;
        assertClose(x.toFloats(), reference.tensor(name), name);
      }
    }
  }

  @Test
  void sentenceVectorsEqualTheReference() {
    try (LoadedModel loaded = ModelLoader.load(SharedData.require(MODEL));
        Safetensors reference =
            Safetensors.open(SharedData.require(REFERENCE + "embeddings8.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      List<int[]> sentences = sentences();
      Tensor hidden = loaded.textEncoder().encode(ops, sentences);
      SentencePooling pooling = SentenceModules.read(SharedData.require(MODEL)).pooling();
      Tensor vectors =
          pooling.apply(
              ops, hidden, Sequences.of(sentences.stream().mapToInt(s -> s.length).toArray()));
      float[] expected = reference.tensor("embeddings").toFloats();
      assertClose(vectors.toFloats(), reference.tensor("embeddings"), "embeddings");
      for (int i = 0; i < sentences.size(); i++) {
        double cosine = cosine(vectors.toFloats(), expected, i, 128);
        assertTrue(cosine >= 0.99999, "cosine of sentence " + i + " is " + cosine);
      }
    }
  }

  private static double cosine(float[] a, float[] b, int row, int width) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int i = row * width; i < (row + 1) * width; i++) {
      dot += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return dot / Math.sqrt(aa * bb);
  }

  private static List<int[]> sentences() {
    JsonArray listed =
        Json.readObject(SharedData.require(REFERENCE + "summary.json")).array("sentences");
    List<int[]> ids = new ArrayList<>();
    for (int i = 0; i < listed.size(); i++) {
      ids.add(listed.object(i).array("ids").ints());
    }
    return ids;
  }

  private static void assertClose(float[] actual, Tensor expected, String name) {
    double difference = RandomModels.relativeDifference(actual, expected.toFloats());
    assertTrue(difference < 2e-5, name + " differs by " + difference + " of the largest value");
  }
}
