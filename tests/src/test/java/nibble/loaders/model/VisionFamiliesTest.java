package nibble.loaders.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import nibble.loaders.BadFileException;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.RandomWeights;
import nibble.nn.ResidualStructure;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.fold.ChannelFold;
import nibble.quant.format.Scheme;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.GoldenFiles;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every family of vision models: quantized, written, read back, trained from nothing; and
 * configurations that are wrong.
 */
class VisionFamiliesTest {
  @TempDir private Path place;

  @ParameterizedTest
  @CsvSource({
    "swin/padded, rtn, W4A8", "swin/odd, gptq, W4A8 a:static", "dinov2/plain, gptq, W4A8",
        "dinov2/gated, rtn, W3A8 w:asym",
    "dinov2/registers, rtn, W8A8", "vit_small/postnorm, gptq, W4A8",
        "vit_small/postnorm, rtn, W4A8 a:static w:asym", "vit_small/plain, gptq, W4A8"
  })
  void packedLogitsComeBackToTheBit(String folder, String method, String scheme)
      throws IOException {
    try (LoadedModel loaded = ModelLoader.load(GoldenFiles.of(folder));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Model model = loaded.model();
      Tensor pixels = pixels((ImageClassifier) model);
      float[] before = model.forward(ops, pixels).toFloats();
      MethodCatalogue catalogue = MethodCatalogue.standard();
      RecipeRunner runner =
          new RecipeRunner(
              catalogue, Presets.recipe(catalogue, method, Map.of(), Scheme.parse(scheme), 3));
      runner.run(ops, model, List.of(pixels), (r, d, t) -> {});
      assertTrue(model.linears().stream().allMatch(Linear::isReplaced));
      float[] packed = model.forward(ops, pixels).toFloats();
      assertTrue(
          RandomModels.relativeDifference(packed, before) > 1e-4, "quantization changed nothing");
      Path written = Files.createDirectories(place.resolve("written"));
      ModelWriter.write(written, loaded.checkpoint().config(), model, JsonObject.empty());
      try (LoadedModel again = ModelLoader.load(written)) {
        assertArrayEquals(packed, again.model().forward(ops, pixels).toFloats());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "swin/odd",
        "dinov2/plain",
        "dinov2/gated",
        "dinov2/registers",
        "vit_small/postnorm",
        "vit_small/plain",
        "vit_small/pooled",
        "vit_small/pooled_beside_class_token",
        "vit_small/resized_deit"
      })
  void floatModelsAndTheirKeysComeBack(String folder) throws IOException {
    Path written = Files.createDirectories(place.resolve("written"));
    try (LoadedModel loaded = ModelLoader.load(GoldenFiles.of(folder));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor pixels = pixels((ImageClassifier) loaded.model());
      // only what says how many classes there are: all dimensions come from the model
      JsonObject labels = JsonObject.empty().with("num_labels", JsonNumber.of(5));
      ModelWriter.write(written, labels, loaded.model(), JsonObject.empty());
      assertEquals(loaded.checkpoint().names(), Checkpoint.open(written).names());
      try (LoadedModel again = ModelLoader.load(written)) {
        assertArrayEquals(
            loaded.model().forward(ops, pixels).toFloats(),
            again.model().forward(ops, pixels).toFloats());
        assertEquals(loaded.model().architecture(), again.model().architecture());
      }
    }
  }

  /**
   * A transform may shift what layers without biases read: they have biases then, and so has the
   * written model.
   */
  @ParameterizedTest
  @ValueSource(strings = {"swin/odd", "dinov2/gated", "vit_small/plain"})
  void biasesThatTransformsAddComeBack(String folder) throws IOException {
    Path written = Files.createDirectories(place.resolve("written"));
    try (LoadedModel loaded = ModelLoader.load(GoldenFiles.of(folder));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      ResidualStructure.Reader reader =
          loaded.model().readers().stream()
              .filter(r -> r.linears().getFirst().bias() == null)
              .toList()
              .getLast();
      Linear layer = reader.linears().getFirst();
      float[] ones = new float[layer.in()];
      java.util.Arrays.fill(ones, 1f);
      assertTrue(
          ChannelFold.apply(
              loaded.model(),
              layer.input(),
              ones,
              RandomModels.gaussian(new Random(4), ones.length, 0, 1)));
      Tensor pixels = pixels((ImageClassifier) loaded.model());
      ModelWriter.write(written, loaded.checkpoint().config(), loaded.model(), JsonObject.empty());
      try (LoadedModel again = ModelLoader.load(written)) {
        assertArrayEquals(
            loaded.model().forward(ops, pixels).toFloats(),
            again.model().forward(ops, pixels).toFloats());
      }
    }
  }

  /** Random starting values leave no branch dead: gains and layer scales are 1. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "swin/odd",
        "dinov2/plain",
        "dinov2/registers",
        "vit_small/postnorm",
        "vit_small/plain"
      })
  void aNewModelDependsOnEveryPartOfTheImage(String folder) {
    JsonObject config = Json.readObject(GoldenFiles.of(folder).resolve(Checkpoint.CONFIG));
    ImageClassifier model =
        (ImageClassifier)
            ModelFamilies.of(config).build(config, new RandomWeights(new Random(1), 0.1f));
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor pixels = pixels(model);
      float[] logits = model.forward(ops, pixels).toFloats();
      int size = (int) pixels.size() / 2;
      for (int place : new int[] {0, size - 1}) {
        float[] changed = pixels.toFloats();
        changed[place] += 3;
        float[] other = model.forward(ops, Tensor.of(changed, pixels.shape().dims())).toFloats();
        assertTrue(other[0] != logits[0] && other[7] == logits[7], folder + " at " + place);
      }
    }
  }

  private static Tensor pixels(ImageClassifier model) {
    int side = model.imageSize();
    return Tensor.of(
        RandomModels.gaussian(new Random(7), 2 * model.channels() * side * side, 0, 1),
        2,
        model.channels(),
        side,
        side);
  }

  @Test
  void wrongConfigurationsAreNamed() throws IOException {
    bad(
        "swin/odd",
        c -> c.with("window_size", JsonNumber.of(6)),
        "window_size 6 is larger than the 5 x 5 patches of stage 1");
    bad(
        "swin/odd",
        c -> c.with("window_size", JsonNumber.of(100)),
        "window_size is 100, expected 1 to 64");
    bad(
        "swin/odd",
        c -> c.with("depths", JsonArray.ofInts(2)),
        "expected one number for each of 1 to 16 stages");
    bad(
        "swin/odd",
        c -> c.with("depths", JsonArray.ofInts(2, 0)),
        "every number of depths must be positive");
    bad(
        "swin/odd",
        c -> c.with("num_heads", JsonArray.ofInts(2, 3)),
        "width 16 is not a multiple of num_heads 3");
    bad(
        "swin/odd",
        c -> c.with("embed_dim", JsonNumber.of(1 << 30)),
        "embed_dim 1073741824 is too large for 2 stages");
    bad(
        "swin/odd",
        c -> c.with("use_absolute_embeddings", new JsonBool(true)),
        "absolute positions are not supported");
    bad(
        "swin/odd",
        c -> c.with("architectures", JsonArray.ofStrings(List.of("SwinModel"))),
        "names 'SwinModel', expected SwinForImageClassification");
    bad(
        "swin/odd",
        c -> c.with("image_size", JsonNumber.of(1 << 30)),
        "at most 1024 are supported");
    bad(
        "swin/odd",
        c -> c.with("embed_dim", JsonNumber.of(10)),
        "has shape [8, 3, 2, 2], expected [10, 3, 2, 2]");
    bad("swin/odd", c -> c.with("mlp_ratio", JsonNumber.of(-1.0)), "mlp_ratio is -1.0");
    bad(
        "dinov2/plain",
        c -> c.with("image_size", JsonNumber.of(16)),
        "image_size 16 is not a multiple of patch_size 3");
    bad(
        "dinov2/plain",
        c -> c.with("image_size", JsonNumber.of(18)),
        "position_embeddings' has shape [1, 26, 8], expected [1, 37, 8]");
    bad(
        "dinov2/plain",
        c -> c.with("architectures", JsonArray.ofStrings(List.of("Dinov2Model"))),
        "names 'Dinov2Model'");
    bad(
        "dinov2/registers",
        c -> c.with("num_register_tokens", JsonNumber.of(-1)),
        "num_register_tokens is -1, expected 0 or more");
    bad("dinov2/gated", c -> c.with("mlp_ratio", JsonNumber.of(4000.0)), "mlp_ratio is 4000.0");
    bad(
        "vit_small/postnorm",
        c -> c.with("norm_first", new JsonBool(true)),
        "norm_first' is true, expected false");
    bad(
        "vit_small/postnorm",
        c -> c.with("hidden_act", new JsonString("mish")),
        "unknown hidden_act 'mish'");
    bad(
        "vit_small/plain",
        c -> c.with("head", new JsonString("linear")),
        "head' is 'linear', expected 'linear-gelu-linear'");
    bad(
        "vit_small/plain",
        c -> c.with("patch_order", new JsonString("c p1 p2")),
        "patch_order' is 'c p1 p2'");
    bad("vit_small/plain", c -> c.with("qkv_bias", new JsonBool(true)), "to_qkv.bias' is missing");
    bad(
        "vit_small/plain",
        c -> c.with("final_layer_norm", new JsonBool(true)),
        "final_layer_norm' is true, expected false");
    bad(
        "vit_small/plain",
        c -> c.with("attention_scale", JsonNumber.of(0.0)),
        "attention_scale must be positive");
  }

  private void bad(String folder, UnaryOperator<JsonObject> change, String message)
      throws IOException {
    Path copy = Files.createDirectories(place.resolve("bad"));
    Json.write(
        copy.resolve(Checkpoint.CONFIG),
        change.apply(Json.readObject(GoldenFiles.of(folder).resolve(Checkpoint.CONFIG))));
    Files.copy(
        GoldenFiles.of(folder).resolve(Checkpoint.WEIGHTS),
        copy.resolve(Checkpoint.WEIGHTS),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    String found = assertThrows(BadFileException.class, () -> ModelLoader.load(copy)).getMessage();
    assertTrue(found.contains(message), found);
    assertTrue(!found.contains("\n"), found);
  }
}
