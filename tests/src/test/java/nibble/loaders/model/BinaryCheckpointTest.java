package nibble.loaders.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import nibble.loaders.BadFileException;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.safetensors.Safetensors;
import nibble.loaders.safetensors.SafetensorsWriter;
import nibble.nn.Linear;
import nibble.nn.packed.Simulation;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Binary-coded models from the recipe to the file and back. */
class BinaryCheckpointTest {
  private static final JsonObject PROVENANCE = JsonObject.empty();
  private static final String MODULE = "vit.encoder.layer.0.attention.output.dense";
  private static final String WEIGHT = MODULE + ".weight";
  private static final Tensor PIXELS = RandomModels.pixels(2, 9);

  @TempDir private Path place;

  private static ViT quantized(String scheme, Map<String, String> options) {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 32, 2, 96, true), 5);
    RecipeRunner runner =
        new RecipeRunner(
            MethodCatalogue.standard(),
            Presets.recipe(MethodCatalogue.standard(), "bcq", options, Scheme.parse(scheme), 1));
    try (Ops ops = Ops.serial()) {
      runner.run(ops, model, List.of(), (result, done, total) -> {});
    }
    return model;
  }

  private Path write(String name, ViT model) throws IOException {
    Path folder = Files.createDirectories(place.resolve(name));
    ModelWriter.write(
        folder, JsonObject.empty().with("num_labels", JsonNumber.of(7)), model, PROVENANCE);
    return folder;
  }

  private static float[] logits(ViT model) {
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      return model.forward(ops, PIXELS).toFloats();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "W3A16, 8, INT8, BCQ3",
    "W4A16 g32, 16, F32, BCQ4 g32",
    "W2A16 w:asym, same, BCQ2 asymmetric, BCQ2 asymmetric",
    "W2A16 g32 w:asym, 16, F32, BCQ2 g32 asymmetric"
  })
  void filesGiveTheSameModelAndTheSameBytes(String scheme, String edges, String edge, String inside)
      throws IOException {
    ViT model = quantized(scheme, Map.of("edge-bits", edges));
    assertEquals(edge, model.linear("head").matrix().format());
    assertEquals(inside, model.linear("blocks.1.mlp.fc2").matrix().format());
    float[] expected = logits(model);
    Path folder = write("first", model);
    try (LoadedModel loaded = ModelLoader.load(folder)) {
      ViT back = (ViT) loaded.model();
      assertEquals(
          model.linears().stream().map(l -> l.matrix().format()).toList(),
          back.linears().stream().map(l -> l.matrix().format()).toList());
      assertArrayEquals(expected, logits(back));
      Path again = write("again", back);
      for (String file : List.of(Checkpoint.WEIGHTS, Checkpoint.CONFIG)) {
        assertEquals(-1, Files.mismatch(folder.resolve(file), again.resolve(file)), file);
      }
      Simulation.install(back);
      assertEquals(0, RandomModels.relativeDifference(logits(back), expected), 1e-4);
    }
  }

  @Test
  void integersAndBinaryCodesStayApart() throws IOException {
    Path folder = write("mixed", quantized("W3A16", Map.of()));
    JsonObject config = Json.readObject(folder.resolve(Checkpoint.CONFIG));
    Set<String> integers =
        new TreeSet<>(
            config
                .object("quantization_config")
                .object("config_groups")
                .object("group_0")
                .strings("targets"));
    assertEquals(Set.of("classifier", "vit.embeddings.patch_embeddings.projection"), integers);
    JsonObject entry = config.object("nibble").array("binary_coding").object(0);
    assertEquals(12, entry.array("modules").size());
    assertEquals(entry.strings("modules"), config.object("quantization_config").strings("ignore"));
    assertFalse(entry.has("group_size"));
    assertEquals(3, entry.integer("planes"));
    assertFalse(entry.bool("offset"));
    ViT plain = quantized("W3A16", Map.of("edge-bits", "16"));
    assertFalse(
        Json.readObject(write("plain", plain).resolve(Checkpoint.CONFIG))
            .has("quantization_config"));
    for (Linear linear : plain.linears().subList(1, 13)) {
      assertTrue(linear.isReplaced(), linear.name());
    }
  }

  @Test
  void schemesThatNoKernelRunsNameARemedy() {
    assertRefused(
        "W3A8",
        "8",
        "'blocks.0.attn.q': no kernel multiplies binary codes with integer activations; leave"
            + " activations in float (A16)");
    assertRefused(
        "W3A16 g24",
        "16",
        "'blocks.0.attn.q': group size 24 must divide in = 64 and be a multiple of 32; choose"
            + " another, or group size 64");
  }

  @Test
  void moreThanFourBitsAreNotAskedOfBinaryCoding() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> quantized("W5A16", Map.of()))
            .getMessage();
    assertEquals(
        "bcq codes 2 to 4 bits, the scheme asks for 5; choose W2 to W4, or method rtn or gptq",
        message);
  }

  private static void assertRefused(String scheme, String edges, String message) {
    String found =
        assertThrows(
                IllegalArgumentException.class, () -> quantized(scheme, Map.of("edge-bits", edges)))
            .getMessage();
    assertTrue(found.startsWith(message), found);
  }

  @Test
  void damagedTensorsAreToldInOneLine() throws IOException {
    Path folder = write("model", quantized("W3A16 g32 w:asym", Map.of("edge-bits", "16")));
    Path file = folder.resolve(Checkpoint.WEIGHTS);
    byte[] whole = Files.readAllBytes(file);
    assertBroken(
        file,
        whole,
        "_bcq_bits",
        null,
        "names module '" + MODULE + "', but there is no tensor '" + WEIGHT + "_bcq_bits'");
    assertBroken(file, whole, "_bcq_scale", null, "tensor '" + WEIGHT + "_bcq_scale' is missing");
    assertBroken(file, whole, "_bcq_offset", null, "tensor '" + WEIGHT + "_bcq_offset' is missing");
    assertBroken(file, whole, "_shape", null, "tensor '" + WEIGHT + "_shape' is missing");
    assertBroken(
        file, whole, "_bcq_bits", ints(2, 64, 2), "is I32 [2, 64, 2], expected I32 [3, 64, 2]");
    assertBroken(
        file,
        whole,
        "_bcq_bits",
        Tensor.zeros(3, 64, 2),
        "is F32 [3, 64, 2], expected I32 [3, 64, 2]");
    assertBroken(
        file,
        whole,
        "_bcq_scale",
        Tensor.zeros(64, 1, 3),
        "is F32 [64, 1, 3], expected F32 [64, 2, 3]");
    assertBroken(file, whole, "_bcq_offset", ints(64, 2), "is I32 [64, 2], expected F32 [64, 2]");
    assertBroken(file, whole, "_packed", ints(64, 8), "is stored in 2 ways, beside each other");
    long[] shape = {64, 1L << 40};
    assertBroken(
        file,
        whole,
        "_shape",
        Tensor.ofSegment(MemorySegment.ofArray(shape), DType.I64, Shape.of(2)),
        "expected a dimension");
  }

  @Test
  void bitsAfterTheLastInputMustBeZero() throws IOException {
    Path folder =
        write(
            "model",
            quantized("W2A16", Map.of("edge-bits", "same"))); // the patch embedding has 48 inputs
    Path file = folder.resolve(Checkpoint.WEIGHTS);
    Map<String, Tensor> tensors = copies(file);
    String name = "vit.embeddings.patch_embeddings.projection.weight_bcq_bits";
    Tensor bits = tensors.get(name);
    assertEquals(Shape.of(2, 64, 2), bits.shape());
    bits.segment().set(ValueLayout.JAVA_INT_UNALIGNED, 4 * 3, 1 << 16);
    SafetensorsWriter.write(file, tensors, Map.of());
    assertError(folder, "tensor '" + name + "' has bits set after input 47 of row 1, expected 0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"planes\": 3 | \"planes\": 5 | key 'nibble.binary_coding[0].planes' is 5, expected 1 to"
            + " 4",
        "\"planes\": 3 | \"planes\": 0 | is 0, expected 1 to 4",
        "\"planes\": 3 | \"planes\": \"3\" | is a string",
        "\"planes\": 3 | \"planes\": 2 | is F32 [64, 2, 3], expected F32 [64, 2, 2]",
        "\"group_size\": 32 | \"group_size\": -1 | is -1, expected a positive number",
        "\"group_size\": 32 | \"group_size\": 64 | expected F32 [64, 1, 3]",
        "\"group_size\": 32 | \"group_size\": null | expected F32 [64, 1, 3]",
        "\"offset\": true | \"offset\": false | is there, but config.json says that",
        "\"offset\": true | \"other\": false | is missing",
        "\"binary_coding\" | \"binary_codes\" | config.json has no 'binary_coding' for",
        "\"modules\" | \"names\" | is missing",
        "layer.0.attention.attention.key\" | layer.0.attention.attention.query\" | which was named"
            + " before",
        "layer.0.attention.attention.key\" | nowhere\" | names module 'vit.encoder.nowhere', but"
            + " there is no tensor"
      })
  void damagedConfigurationsAreToldInOneLine(String from, String to, String message)
      throws IOException {
    Path folder = write("model", quantized("W3A16 g32 w:asym", Map.of("edge-bits", "16")));
    Path file = folder.resolve(Checkpoint.CONFIG);
    String text = Files.readString(file);
    assertTrue(text.contains(from), text);
    Files.writeString(file, text.replace(from, to));
    assertError(folder, message);
  }

  private static Tensor ints(int... dims) {
    Shape shape = Shape.of(dims);
    return Tensor.ofSegment(MemorySegment.ofArray(new int[(int) shape.size()]), DType.I32, shape);
  }

  private static Map<String, Tensor> copies(Path file) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (Safetensors open = Safetensors.open(file)) {
      open.tensors()
          .forEach(
              (name, t) ->
                  tensors.put(
                      name,
                      Tensor.ofSegment(
                          MemorySegment.ofArray(t.segment().toArray(ValueLayout.JAVA_BYTE)),
                          t.dtype(),
                          t.shape())));
    }
    return tensors;
  }

  /** Puts {@code replacement}, or nothing, in the place of a tensor. */
  private static void assertBroken(
      Path file, byte[] whole, String suffix, Tensor replacement, String message)
      throws IOException {
    Files.write(file, whole);
    Map<String, Tensor> tensors = copies(file);
    tensors.remove(WEIGHT + suffix);
    if (replacement != null) {
      tensors.put(WEIGHT + suffix, replacement);
    }
    SafetensorsWriter.write(file, tensors, Map.of());
    assertError(file.getParent(), message);
  }

  private static void assertError(Path folder, String part) {
    String message =
        assertThrows(BadFileException.class, () -> ModelLoader.load(folder).close()).getMessage();
    assertTrue(message.contains(part) && message.lines().count() == 1, message);
  }
}
