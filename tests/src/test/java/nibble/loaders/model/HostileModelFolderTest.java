package nibble.loaders.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import nibble.loaders.BadFileException;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.nn.Linear;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.DType;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders that are wrong in one way each: one clear line each. */
class HostileModelFolderTest {
  private static final String QUERY = "vit.encoder.layer.0.attention.attention.query.";

  @TempDir private Path place;
  private int folders;

  @Test
  void quantizationConfigs() throws IOException {
    badQuantization(
        q -> q.with("quant_method", text("hqq")),
        "key 'quantization_config.quant_method' is 'hqq', expected compressed-tensors, gptq, awq or"
            + " fp8");
    badQuantization(
        q -> q.with("format", text("marlin-24")),
        "key 'quantization_config.format' is 'marlin-24', expected one of pack-quantized,"
            + " int-quantized");
    badQuantization(q -> q.without("config_groups"), "config_groups' is missing");
    badQuantization(q -> q.with("config_groups", JsonObject.empty()), "has no group for 'vit.");
    badGroup(
        g -> g.with("targets", JsonArray.ofStrings(List.of("nothing"))),
        "config_groups' has no group for '" + module() + "'");
    badGroup(
        g -> g.with("targets", JsonArray.ofStrings(List.of("re:("))),
        "has 're:(', which is not a regular expression");
    badGroup(g -> g.without("weights"), "group_1.weights' is missing");
    badGroup(g -> g.with("targets", text("Linear")), "group_1.targets'");
    badWeights(w -> w.with("num_bits", JsonNumber.of(9)), "num_bits' is 9, expected 2 to 8");
    badWeights(w -> w.with("num_bits", JsonNumber.of(1)), "num_bits' is 1, expected 2 to 8");
    badWeights(
        w -> w.with("num_bits", JsonNumber.of(8)),
        "weight_packed' is I32 [32, 4], expected I32 [32, 8]");
    badWeights(w -> w.without("num_bits"), "num_bits' is missing");
    badWeights(w -> w.with("type", text("float")), "type' is 'float', expected int");
    badWeights(
        w -> w.with("strategy", text("block")),
        "strategy' is 'block', expected tensor, channel or group");
    badWeights(
        w -> w.with("group_size", JsonNumber.of(0)),
        "group_size' is 0, expected a positive number");
    badWeights(
        w -> w.with("group_size", JsonNumber.of(13)),
        "weight_scale' has shape [32, 2], expected [32, 3]");
    badWeights(w -> w.with("symmetric", text("yes")), "symmetric'");
    badActivations(
        a -> a.with("strategy", text("token")),
        "strategy' is 'token', expected token (dynamic) or tensor (static)");
    badActivations(a -> a.with("num_bits", JsonNumber.of(16)), "num_bits' is 16, expected 2 to 8");
    badActivations(a -> a.with("dynamic", text("local")), "dynamic'");
    badConfig(
        c -> c.without("quantization_config"),
        "holds packed codes, but config.json has no quantization_config");
  }

  @Test
  void packedTensors() throws IOException {
    badTensors(
        t -> t.remove(QUERY + "weight_scale"), "tensor '" + QUERY + "weight_scale' is missing");
    badTensors(
        t -> t.remove(QUERY + "weight_shape"), "tensor '" + QUERY + "weight_shape' is missing");
    badTensors(
        t -> t.remove(QUERY + "weight_zero_point"),
        "tensor '" + QUERY + "weight_zero_point' is missing");
    badTensors(
        t -> t.remove(QUERY + "input_scale"), "tensor '" + QUERY + "input_scale' is missing");
    badTensors(
        t -> t.put(QUERY + "weight_scale", Tensor.zeros(32, 3)),
        "weight_scale' has shape [32, 3], expected [32, 2]");
    badTensors(
        t -> t.put(QUERY + "weight_shape", Tensor.of(new float[] {32, 31}, 2)),
        "weight_shape' says [32, 31], config.json asks for [32, 32]");
    badTensors(
        t -> t.put(QUERY + "weight_shape", Tensor.of(new float[] {32, -1}, 2)),
        "weight_shape' holds -1.0, expected a dimension");
    badTensors(
        t -> t.put(QUERY + "weight_shape", Tensor.of(new float[] {1024}, 1)),
        "weight_shape' has shape [1], expected [2]");
    badTensors(
        t -> t.put(QUERY + "weight_packed", Tensor.zeros(32, 4)),
        "weight_packed' is F32 [32, 4], expected I32 [32, 4]");
    badTensors(
        t -> t.put(QUERY + "input_scale", Tensor.zeros(2)),
        "input_scale' has shape [2], expected one element");
    badTensors(
        t -> t.put(QUERY + "input_scale", Tensor.of(new float[] {Float.NaN}, 1)),
        "input_scale' or the zero point beside it is wrong");
    badTensors(
        t -> t.put(QUERY + "input_zero_point", Tensor.of(new float[] {300}, 1)),
        "zero point 428 is outside 0..255");
  }

  @Test
  void configurations() throws IOException {
    for (String key :
        List.of(
            "hidden_size",
            "num_hidden_layers",
            "num_attention_heads",
            "intermediate_size",
            "image_size",
            "patch_size")) {
      badConfig(c -> c.without(key), "config.json: key '" + key + "' is missing");
      badConfig(c -> c.with(key, text("many")), "key '" + key + "'");
      badConfig(c -> c.with(key, JsonNumber.of(-3)), key);
    }
    badConfig(
        c -> c.with("model_type", text("tapas")),
        "key 'model_type' is 'tapas', expected vit or deit, swin");
    badConfig(c -> c.without("model_type"), "key 'model_type' is '', expected vit or deit");
    badConfig(
        c -> c.with("architectures", JsonArray.ofStrings(List.of("ViTMAEModel"))),
        "architecture 'ViTMAEModel' is not a ViT; known are");
    badConfig(c -> c.with("hidden_act", text("mish")), "unknown hidden_act 'mish'");
    badConfig(c -> c.with("image_size", JsonArray.ofInts(12, 16)), "only square images");
    badConfig(
        c -> c.with("num_attention_heads", JsonNumber.of(5)),
        "hidden_size 32 is not a multiple of num_attention_heads 5");
    badConfig(
        c -> c.with("layer_norm_eps", JsonNumber.of(-1.0)), "layer_norm_eps must not be negative");
    badConfig(c -> c.with("num_hidden_layers", JsonNumber.of(2)), "vit.encoder.layer.1");
    badConfig(
        c -> c.with("hidden_size", JsonNumber.of(64)),
        "weight_shape' says [32, 48], config.json asks for [64, 3, 4, 4]");
    badConfig(
        c -> c.with("intermediate_size", JsonNumber.of(40)),
        "weight_shape' says [48, 32], config.json asks for [40, 32]");
    badConfig(
        c -> c.with("id2label", JsonObject.empty().with("0", text("one"))),
        "key 'num_labels' is 7, but id2label has 1 entries");
  }

  @Test
  void onlineTransforms() throws IOException {
    badTransform(
        "blocks.0.mlp.fc9.input", "hadamard", 48, "the model has no site 'blocks.0.mlp.fc9.input'");
    badTransform("blocks.0.mlp.fc2.input", "fourier", 48, "unknown online transform 'fourier'");
    badTransform("blocks.0.mlp.fc2.input", "hadamard", 47, "for site 'blocks.0.mlp.fc2.input'");
    badTransform("blocks.0.mlp.fc2.input", "hadamard", -1, "for site 'blocks.0.mlp.fc2.input'");
  }

  @Test
  void floatTensors() throws IOException {
    String name = "classifier.weight";
    badFloats(t -> t.remove(name), "model.safetensors: tensor 'classifier.weight' is missing");
    badFloats(
        t -> t.put(name, Tensor.zeros(32, 7)),
        "tensor 'classifier.weight' has shape [32, 7], expected [7, 32]");
    badFloats(
        t ->
            t.put(
                name,
                Tensor.ofSegment(
                    MemorySegment.ofArray(new byte[224]), DType.I8, Tensor.zeros(7, 32).shape())),
        "tensor 'classifier.weight' is I8, expected a float type; quantized weights need a"
            + " quantization_config in config.json");
  }

  @Test
  void foldersWithoutTheirFiles() throws IOException {
    Path folder = place.resolve("empty");
    assertMessage(folder, "no such folder");
    Files.createDirectories(folder);
    assertMessage(folder, "has no config.json");
    Files.writeString(folder.resolve(Checkpoint.CONFIG), "{\"model_type\":");
    assertMessage(folder, "config.json");
    Files.writeString(folder.resolve(Checkpoint.CONFIG), "{\"model_type\":\"vit\"}");
    assertMessage(folder, "has neither model.safetensors nor model.safetensors.index.json");
  }

  @Test
  void aWeightThatIsNotFiniteIsFoundByName() throws IOException {
    Path folder = QuantizedFolders.write(next(), QuantizedFolders.model(ViTConfig.VIT, true));
    QuantizedFolders.changeTensors(
        folder,
        t -> {
          float[] values = t.get("classifier.weight").toFloats();
          values[9] = Float.NaN;
          t.put("classifier.weight", Tensor.of(values, 7, 32));
        });
    try (LoadedModel loaded = ModelLoader.load(folder)) {
      String message = String.valueOf(loaded.notFinite().getMessage());
      assertTrue(
          message.startsWith(
              folder.resolve(Checkpoint.WEIGHTS)
                  + ": tensor 'classifier.weight' holds NaN at element 9"),
          message);
    }
    Path sound = QuantizedFolders.write(next(), QuantizedFolders.model(ViTConfig.VIT, true));
    try (LoadedModel loaded = ModelLoader.load(sound)) {
      String message = String.valueOf(loaded.notFinite().getMessage());
      assertTrue(
          message.startsWith(
              sound + ": gives NaN or infinite results although its weights are finite"),
          message);
    }
  }

  /**
   * Targets mean what they mean elsewhere: expressions match a beginning, and names go before
   * classes.
   */
  @Test
  void targetsMayBeExpressionsAndClasses() throws IOException {
    Path folder = QuantizedFolders.packed(next(), "W4A8");
    JsonObject groups =
        Checkpoint.config(folder).object("quantization_config").object("config_groups");
    JsonObject wide = groups.object("group_0");
    JsonObject narrow = groups.object("group_1");
    UnaryOperator<JsonObject> change =
        q ->
            q.with(
                "config_groups",
                JsonObject.empty()
                    .with("all", narrow.with("targets", JsonArray.ofStrings(List.of("Linear"))))
                    .with(
                        "ends",
                        wide.with(
                            "targets",
                            JsonArray.ofStrings(List.of("re:.*patch_emb", "classifier")))));
    QuantizedFolders.change(
        folder, c -> c.with("quantization_config", change.apply(c.object("quantization_config"))));
    try (LoadedModel loaded = ModelLoader.load(folder)) {
      assertEquals(
          "INT8, activations INT8 per token",
          loaded.model().linear("patch_embed").matrix().format());
      assertEquals(
          "INT4, activations INT8 per token",
          loaded.model().linear("blocks.0.attn.q").matrix().format());
      assertEquals(
          "INT8, activations INT8 per token", loaded.model().linear("head").matrix().format());
    }
  }

  @Test
  void anUnknownFormCannotBeWritten() {
    ViT model = QuantizedFolders.model(ViTConfig.VIT, true);
    Linear head = model.linear("head");
    head.execute(head.matrix());
    JsonObject empty = JsonObject.empty();
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> ModelWriter.write(place, empty, model, empty));
    assertEquals("'head' is F32, which has no file format", e.getMessage());
  }

  private static String module() {
    return QUERY.substring(0, QUERY.length() - 1);
  }

  private static JsonValue text(String value) {
    return new JsonString(value);
  }

  private Path next() {
    return place.resolve("folder" + folders++);
  }

  private void badTransform(String site, String kind, int size, String expected)
      throws IOException {
    JsonObject transform =
        JsonObject.empty()
            .with("site", text(site))
            .with("kind", text(kind))
            .with("size", JsonNumber.of(size));
    badConfig(
        c ->
            c.with(
                "nibble",
                c.object("nibble").with("online_transforms", JsonArray.of(List.of(transform)))),
        expected);
  }

  private void badActivations(UnaryOperator<JsonObject> change, String expected)
      throws IOException {
    badGroup(
        g -> g.with("input_activations", change.apply(g.object("input_activations"))), expected);
  }

  private void badWeights(UnaryOperator<JsonObject> change, String expected) throws IOException {
    badGroup(g -> g.with("weights", change.apply(g.object("weights"))), expected);
  }

  /** Changes the group that all layers but the two ends are in. */
  private void badGroup(UnaryOperator<JsonObject> change, String expected) throws IOException {
    badQuantization(
        q -> {
          JsonObject groups = q.object("config_groups");
          return q.with(
              "config_groups", groups.with("group_1", change.apply(groups.object("group_1"))));
        },
        expected);
  }

  private void badQuantization(UnaryOperator<JsonObject> change, String expected)
      throws IOException {
    badConfig(
        c -> c.with("quantization_config", change.apply(c.object("quantization_config"))),
        expected);
  }

  private void badConfig(UnaryOperator<JsonObject> change, String expected) throws IOException {
    Path folder = QuantizedFolders.packed(next(), "W4A8 g16 w:asym a:static");
    QuantizedFolders.change(folder, change);
    assertMessage(folder, expected);
  }

  private void badTensors(Consumer<Map<String, Tensor>> change, String expected)
      throws IOException {
    Path folder = QuantizedFolders.packed(next(), "W4A8 g16 w:asym a:static");
    QuantizedFolders.changeTensors(folder, change);
    assertMessage(folder, expected);
  }

  private void badFloats(Consumer<Map<String, Tensor>> change, String expected) throws IOException {
    Path folder = QuantizedFolders.write(next(), QuantizedFolders.model(ViTConfig.VIT, true));
    QuantizedFolders.changeTensors(folder, change);
    assertMessage(folder, expected);
  }

  private static void assertMessage(Path folder, String expected) {
    BadFileException e =
        assertThrows(
            BadFileException.class,
            () -> {
              try (LoadedModel loaded = ModelLoader.load(folder)) {
                throw new AssertionError(loaded + " was accepted; expected: " + expected);
              }
            });
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(expected), message + "\nshould contain\n" + expected);
    assertTrue(message.startsWith(folder.toString()), message);
    assertEquals(1, message.lines().count(), message);
  }
}
