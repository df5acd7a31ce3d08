package nibble.loaders.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Linear;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.rotation.ModelRotation;
import nibble.quant.rotation.RotationOptions;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written computes what was in memory, to the bit. */
class ModelWriterTest {
  @TempDir private Path place;

  @ParameterizedTest
  @CsvSource({
    "rtn, W8A8",
    "rtn, W4A8",
    "rtn, W4A4 a:clip=0.9",
    "rtn, W3A16",
    "rtn, W3A8 w:asym g16",
    "rtn, W5A8 w:asym",
    "rtn, W7A16",
    "rtn, W2A16 g16",
    "rtn, W4A16 w:tensor",
    "rtn, W6A8 w:offset",
    "rtn, W8A8 a:static",
    "rtn, W8A8 a:static a:sym",
    "rtn, W4A5 a:static w:asym",
    "hadamard+rtn, W4A4",
    "gptq, W4A8",
    "hadamard+gptq, W4A8 a:static"
  })
  void packedLogitsComeBackToTheBit(String method, String scheme) throws IOException {
    ViT model =
        QuantizedFolders.quantized(
            QuantizedFolders.model(ViTConfig.VIT, true), method, scheme, Map.of());
    checkRoundTrip(model);
  }

  @ParameterizedTest
  @ValueSource(strings = {ViTConfig.VIT, ViTConfig.DEIT, ViTConfig.DEIT_DISTILLED})
  void floatLogitsComeBackToTheBit(String architecture) throws IOException {
    for (boolean qkvBias : new boolean[] {true, false}) {
      checkRoundTrip(QuantizedFolders.model(architecture, qkvBias));
      ViT rotated = QuantizedFolders.model(architecture, qkvBias);
      ModelRotation.apply(rotated, RotationOptions.DEFAULTS.withSeed(4));
      checkRoundTrip(rotated);
    }
  }

  @Test
  void edgesInFloatStayInFloat() throws IOException {
    ViT model =
        QuantizedFolders.quantized(
            QuantizedFolders.model(ViTConfig.DEIT, true), "rtn", "W4A8", Map.of("edge-bits", "16"));
    checkRoundTrip(model);
    JsonObject quantization =
        Json.readObject(place.resolve("written").resolve(Checkpoint.CONFIG))
            .object("quantization_config");
    assertEquals(
        List.of("deit.embeddings.patch_embeddings.projection", "classifier"),
        quantization.strings("ignore"));
  }

  private void checkRoundTrip(ViT model) throws IOException {
    Path folder = QuantizedFolders.write(place.resolve("written"), model);
    Tensor pixels = RandomModels.pixels(3, 8);
    try (LoadedModel loaded = ModelLoader.load(folder);
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      assertArrayEquals(
          model.forward(ops, pixels).toFloats(), loaded.model().forward(ops, pixels).toFloats());
      assertEquals(model.config(), ((ViT) loaded.model()).config());
      for (Linear linear : model.linears()) {
        assertEquals(
            linear.matrix().format(), loaded.model().linear(linear.name()).matrix().format());
        assertArrayEquals(
            linear.weight().peek().toFloats(),
            loaded.model().linear(linear.name()).weight().peek().toFloats());
      }
    }
  }

  @Test
  void twoRunsWriteTheSameBytes() throws IOException {
    for (String scheme : List.of("W4A8", "W3A8 w:asym a:static")) {
      Path first = place.resolve("first " + scheme);
      Path second = place.resolve("second " + scheme);
      QuantizedFolders.write(
          first,
          QuantizedFolders.quantized(
              QuantizedFolders.model(ViTConfig.VIT, true), "hadamard+gptq", scheme, Map.of()));
      QuantizedFolders.write(
          second,
          QuantizedFolders.quantized(
              QuantizedFolders.model(ViTConfig.VIT, true), "hadamard+gptq", scheme, Map.of()));
      for (String file : List.of(Checkpoint.CONFIG, Checkpoint.WEIGHTS)) {
        assertEquals(-1, Files.mismatch(first.resolve(file), second.resolve(file)), file);
      }
    }
  }

  @Test
  void aLoadedModelWritesTheSameAgain() throws IOException {
    Path first = QuantizedFolders.packed(place.resolve("first"), "W4A8 g16 w:asym a:static");
    Path second = Files.createDirectories(place.resolve("second"));
    try (LoadedModel loaded = ModelLoader.load(first)) {
      JsonObject config = loaded.checkpoint().config();
      ModelWriter.write(
          second, config, (ViT) loaded.model(), config.object("nibble").object("provenance"));
    }
    assertEquals(
        -1, Files.mismatch(first.resolve(Checkpoint.WEIGHTS), second.resolve(Checkpoint.WEIGHTS)));
    assertEquals(Checkpoint.config(first), Checkpoint.config(second));
  }

  /** The keys and tensors that compressed-tensors documents for {@code pack-quantized}. */
  @Test
  void filesAreThoseOfCompressedTensors() throws IOException {
    Path folder = QuantizedFolders.packed(place.resolve("model"), "W4A8 g16 w:asym a:static");
    JsonObject config = Json.readObject(folder.resolve(Checkpoint.CONFIG));
    assertEquals("4.0", config.string("transformers_version"), "other keys stay");
    JsonObject quantization = config.object("quantization_config");
    assertEquals(
        Set.of("quant_method", "format", "quantization_status", "config_groups", "ignore"),
        quantization.keys());
    assertEquals("compressed-tensors", quantization.string("quant_method"));
    assertEquals("pack-quantized", quantization.string("format"));
    assertEquals("compressed", quantization.string("quantization_status"));
    assertEquals(Set.of("group_0", "group_1"), quantization.object("config_groups").keys());
    JsonObject group = quantization.object("config_groups").object("group_1");
    assertEquals(Set.of("targets", "weights", "input_activations"), group.keys());
    assertTrue(group.strings("targets").contains("vit.encoder.layer.0.attention.attention.query"));
    checkQuantizer(group.object("weights").without("group_size"), 4, false, "group");
    assertEquals(16, group.object("weights").integer("group_size"));
    checkQuantizer(group.object("input_activations"), 8, false, "tensor");
    String query = "vit.encoder.layer.0.attention.attention.query.";
    try (Safetensors tensors = Safetensors.open(folder.resolve(Checkpoint.WEIGHTS))) {
      assertFalse(tensors.names().contains(query + "weight"));
      assertTensor(tensors, query + "weight_packed", DType.I32, 32, 4);
      assertTensor(tensors, query + "weight_scale", DType.F32, 32, 2);
      assertTensor(tensors, query + "weight_shape", DType.I64, 2);
      assertTensor(tensors, query + "weight_zero_point", DType.I32, 4, 2);
      assertTensor(tensors, query + "input_scale", DType.F32, 1);
      assertTensor(tensors, query + "input_zero_point", DType.I8, 1);
      assertEquals("pt", tensors.metadata().get("format"));
    }
  }

  @Test
  void channelsHaveNoGroupSizeAndFloatInputsAreNull() throws IOException {
    JsonObject config =
        Json.readObject(
            QuantizedFolders.packed(place.resolve("model"), "W8A16").resolve(Checkpoint.CONFIG));
    JsonObject group =
        config.object("quantization_config").object("config_groups").object("group_0");
    checkQuantizer(group.object("weights").without("group_size"), 8, true, "channel");
    assertEquals(JsonNull.NULL, group.object("weights").get("group_size"));
    assertEquals(JsonNull.NULL, group.get("input_activations"));
  }

  private static void checkQuantizer(
      JsonObject json, int bits, boolean symmetric, String strategy) {
    assertEquals(Set.of("num_bits", "type", "symmetric", "strategy", "dynamic"), json.keys());
    assertEquals(bits, json.integer("num_bits"));
    assertEquals("int", json.string("type"));
    assertEquals(symmetric, json.bool("symmetric"));
    assertEquals(strategy, json.string("strategy"));
    assertFalse(json.bool("dynamic"));
  }

  private static void assertTensor(Safetensors tensors, String name, DType dtype, int... dims) {
    assertEquals(dtype, tensors.tensor(name).dtype(), name);
    assertEquals(Shape.of(dims), tensors.tensor(name).shape(), name);
  }

  @ParameterizedTest
  @CsvSource({"rtn, W4A16 g16", "rtn, W8A16", "gptq, W4A16 w:asym g16", "rtn, W2A16 g16"})
  void gptqFilesGiveTheSameModelButForTheRoundingOfScales(String method, String scheme)
      throws IOException {
    ViT model =
        QuantizedFolders.quantized(
            QuantizedFolders.model(ViTConfig.VIT, true), method, scheme, Map.of("edge-bits", "16"));
    Path first = Files.createDirectories(place.resolve("first"));
    JsonObject config = JsonObject.empty().with("num_labels", JsonNumber.of(7));
    ModelWriter.write(first, config, model, JsonObject.empty(), WeightFormat.GPTQ);
    try (LoadedModel loaded = ModelLoader.load(first)) {
      for (Linear linear : model.linears()) {
        Linear back = loaded.model().linear(linear.name());
        assertEquals(linear.isReplaced(), back.isReplaced(), linear.name());
        if (linear.isReplaced()) {
          assertEquals(linear.matrix().format(), back.matrix().format());
          float[] expected = ((PackedIntWeight) linear.matrix()).dequantized().toFloats();
          float[] actual = ((PackedIntWeight) back.matrix()).dequantized().toFloats();
          for (int i = 0; i < expected.length; i++) {
            assertEquals(
                expected[i], actual[i], Math.abs(expected[i]) * 0x1p-11f, "F16 has 11 bits");
          }
        }
      }
      Path again = Files.createDirectories(place.resolve("again"));
      ModelWriter.write(again, config, loaded.model(), JsonObject.empty(), WeightFormat.GPTQ);
      assertEquals(
          -1, Files.mismatch(first.resolve(Checkpoint.WEIGHTS), again.resolve(Checkpoint.WEIGHTS)));
      assertEquals(
          -1, Files.mismatch(first.resolve(Checkpoint.CONFIG), again.resolve(Checkpoint.CONFIG)));
    }
  }

  @Test
  void whatDoesNotFitGptqIsNotBegun() throws IOException {
    ViT model =
        QuantizedFolders.quantized(
            QuantizedFolders.model(ViTConfig.VIT, true), "rtn", "W4A16", Map.of());
    Path folder = Files.createDirectories(place.resolve("none"));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    ModelWriter.write(
                        folder, JsonObject.empty(), model, JsonObject.empty(), WeightFormat.GPTQ))
            .getMessage();
    assertTrue(message.contains("--set edge-bits=16"), message);
    assertEquals(0, folder.toFile().list().length);
  }
}
