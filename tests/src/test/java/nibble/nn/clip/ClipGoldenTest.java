package nibble.nn.clip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.TokenIds;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against values of an independent implementation, {@code tests/golden/clip/generate.py}. */
class ClipGoldenTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"clip", "clip-largest-id", "siglip"})
  void vectorsAndScoresEqualTheGoldenValues(String name) {
    try (LoadedModel loaded = ModelLoader.load(Golden.path("clip/" + name));
        Safetensors golden =
            Safetensors.open(Golden.path("clip/" + name + "/expected.safetensors"));
        Ops ops = Ops.serial()) {
      ClipModel model = (ClipModel) loaded.model();
      check(ops, model, golden, name + " with grad mode");
      try (var inference = ops.noGrad()) {
        check(ops, model, golden, name + " without grad mode");
        Set<String> unseen = new HashSet<>();
        for (Site site : model.sites().all()) {
          unseen.add(site.name());
          site.append(
              (o, x) -> {
                unseen.remove(site.name());
                return x;
              });
        }
        check(ops, model, golden, name + " with every site watched");
        assertEquals(Set.of(), unseen);
      }
      ModelWriter.write(folder, loaded.checkpoint().config(), model, JsonObject.empty());
      try (LoadedModel read = ModelLoader.load(folder)) {
        check(ops, (ClipModel) read.model(), golden, name + " read back");
      }
    }
  }

  private static void check(Ops ops, ClipModel model, Safetensors golden, String what) {
    Tensor images = model.forward(ops, golden.tensor("pixel_values").toF32());
    Tensor texts = model.textVectors(ops, texts(golden));
    assertClose(images, golden, "image", what);
    assertClose(texts, golden, "text", what);
    assertClose(model.scores(ops, images, texts), golden, "scores", what);
  }

  private static List<int[]> texts(Safetensors golden) {
    TokenIds ids = TokenIds.of(golden.tensor("input_ids"));
    List<int[]> texts = new ArrayList<>();
    for (int i = 0; i < ids.batch(); i++) {
      texts.add(Arrays.copyOfRange(ids.flat(), i * ids.tokens(), (i + 1) * ids.tokens()));
    }
    return texts;
  }

  private static void assertClose(Tensor actual, Safetensors golden, String tensor, String what) {
    double difference =
        RandomModels.relativeDifference(actual.toFloats(), golden.tensor(tensor).toFloats());
    assertTrue(difference < 2e-5, what + ": " + tensor + " differs by " + difference);
  }

  /** Every parameter of both sides gets a gradient from the scores. */
  @ParameterizedTest
  @ValueSource(strings = {"clip", "siglip"})
  void scoresHaveGradients(String name) {
    try (LoadedModel loaded = ModelLoader.load(Golden.path("clip/" + name));
        Safetensors golden =
            Safetensors.open(Golden.path("clip/" + name + "/expected.safetensors"));
        Ops ops = Ops.serial()) {
      ClipModel model = (ClipModel) loaded.model();
      model.parameters().forEach(Parameter::train);
      Tensor images = model.forward(ops, golden.tensor("pixel_values").toF32());
      ops.backward(
          ops.crossEntropy(
              model.scores(ops, images, model.textVectors(ops, texts(golden))), new int[] {1, 0}));
      for (Parameter parameter : model.parameters()) {
        assertNotNull(parameter.floats().grad(), parameter.name());
      }
    }
  }

  @Test
  void aTextWithoutItsEndIsRefused() {
    try (LoadedModel loaded = ModelLoader.load(Golden.path("clip/clip"));
        Ops ops = Ops.serial()) {
      ClipModel model = (ClipModel) loaded.model();
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> model.textVectors(ops, List.of(new int[] {3, 4})))
              .getMessage();
      assertEquals(
          "a text does not hold the end-of-text token 21; encode it with special tokens", message);
    }
  }
}
