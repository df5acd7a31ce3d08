package nibble.loaders.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;
import nibble.loaders.BadFileException;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.hf.ModelFolder;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.quantized.StoredWeights;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Linear;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models converted to GGUF the way llama.cpp does it, and read back. */
class GgufModelTest {
  @TempDir Path folder;

  private static float[] logits(LoadedModel loaded, Tensor ids) {
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      return loaded.model().forward(ops, ids).toFloats();
    }
  }

  /** A copy of a golden model without what its GGUF file cannot say. */
  private Path sayable(String name) throws IOException {
    Path from = Golden.path("text/" + name);
    Path copy = Files.createDirectories(folder.resolve(name));
    Files.copy(from.resolve(Checkpoint.WEIGHTS), copy.resolve(Checkpoint.WEIGHTS));
    JsonObject config = Checkpoint.config(from);
    config =
        switch (name) {
          case "mistral", "qwen2" ->
              config.without("use_sliding_window").with("sliding_window", JsonNumber.of(4096));
          case "gemma2" -> config.with("query_pre_attn_scalar", JsonNumber.of(6));
          case "gemma3" ->
              config
                  .with("query_pre_attn_scalar", JsonNumber.of(6))
                  .without("sliding_window_pattern");
          default -> config;
        };
    Json.write(copy.resolve(Checkpoint.CONFIG), config);
    return copy;
  }

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
        "gemma",
        "gemma2",
        "gemma3"
      })
  void convertedModelsComputeTheSame(String name) throws IOException {
    Path original = sayable(name);
    Path file = GgufConversion.convert(original, folder.resolve(name + ".gguf"), false);
    try (LoadedModel expected = ModelLoader.load(original);
        LoadedModel actual = ModelLoader.load(ModelFolder.resolve(file.toString()));
        Safetensors golden =
            Safetensors.open(Golden.path("text/" + name + "/expected.safetensors"))) {
      Tensor ids = golden.tensor("input_ids");
      float[] logits = logits(actual, ids);
      // Norms of Gemma went through "plus 1" and back, factors of frequencies through F32.
      boolean rounded = name.startsWith("gemma") || name.equals("llama") || name.equals("phi3");
      assertEquals(
          0, RandomModels.relativeDifference(logits, logits(expected, ids)), rounded ? 2e-6 : 0);
      if (Checkpoint.config(original).equals(Checkpoint.config(Golden.path("text/" + name)))) {
        assertEquals(
            0, RandomModels.relativeDifference(logits, golden.tensor("output").toFloats()), 2e-5);
      }
    }
  }

  @Test
  void storiesRunFromF32AndPackedFromQ8() throws IOException {
    Path original = SharedData.require("llm/stories260k");
    Path plain = GgufConversion.convert(original, folder.resolve("f32.gguf"), false);
    Path packed =
        GgufConversion.convert(
            original, Files.createDirectories(folder.resolve("q8")).resolve("stories.gguf"), true);
    try (Safetensors reference =
            Safetensors.open(SharedData.require("reference/stories260k/logits64.safetensors"));
        LoadedModel first = ModelLoader.load(original);
        LoadedModel second = ModelLoader.load(plain);
        LoadedModel third = ModelLoader.load(packed.getParent())) {
      Tensor ids = reference.tensor("input_ids").view(1, 64);
      float[] expected = reference.tensor("logits").toFloats();
      assertArrayEquals(
          logits(first, ids), logits(second, ids), "the same weights give the same bits");
      double difference = RandomModels.relativeDifference(logits(third, ids), expected);
      assertTrue(difference > 1e-5 && difference < 0.02, "8 bits differ by " + difference);
      Linear query = third.model().linear("layers.0.attn.q");
      assertEquals("INT8 g32", query.matrix().format());
      assertArrayEquals(
          query.weight().peek().toFloats(),
          ((PackedWeight) query.matrix()).dequantized().toFloats());
      assertFalse(
          third.model().linear("layers.0.mlp.down").isReplaced(), "172 inputs are no whole blocks");
    }
  }

  /** One weight of a Llama file in every type of blocks, with its rows interleaved. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.MATCH_ANY, names = "Q.*")
  void rowsOfQueriesAreBroughtIntoOrder(GgufType type) throws IOException {
    int in = 256;
    int out = 16;
    byte[] blocks = new byte[out * in / type.blockValues() * type.blockBytes()];
    new Random(2).nextBytes(blocks);
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] &= 0x3B; // no scale is infinite or NaN
    }
    GgufBytes bytes =
        keys()
            .floats("token_embd.weight", new float[32], 2, 16)
            .tensor("blk.0.attn_q.weight", type, blocks, out, in);
    String name = "model.layers.0.self_attn.q_proj.weight";
    try (GgufFile file = GgufFile.open(bytes.write(folder.resolve("a.gguf")));
        GgufCheckpoint checkpoint = GgufCheckpoint.open(file.file())) {
      StoredWeights weights = StoredWeights.of(checkpoint, checkpoint.config());
      float[] inFile = file.tensor("blk.0.attn_q.weight").toFloats();
      float[] values = weights.values(name).toFloats();
      for (int row = 0;
          row < out;
          row++) { // 2 heads of 8 rows: row 2 j + half of the file is row 4 half + j
        int fileRow = row / 8 * 8 + row % 4 * 2 + row % 8 / 4;
        for (int k = 0; k < in; k++) {
          assertEquals(inFile[fileRow * in + k] + 0f, values[row * in + k] + 0f, "row " + row);
        }
      }
      assertEquals(type.integers().isPresent(), weights.executed(name).isPresent());
      weights
          .executed(name)
          .ifPresent(
              packed ->
                  assertArrayEquals(plusZero(values), plusZero(packed.dequantized().toFloats())));
      assertTrue(checkpoint.names().contains(name + "_" + type.name().toLowerCase(Locale.ROOT)));
      assertEquals(
          file.tensors().values().stream().mapToLong(t -> t.data().byteSize()).sum(),
          checkpoint.byteSize());
    }
  }

  private static float[] plusZero(float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] += 0f;
    }
    return values;
  }

  private static GgufBytes keys() {
    return new GgufBytes()
        .key("general.architecture", "llama")
        .key("llama.attention.head_count", 2)
        .key("llama.embedding_length", 16)
        .key("llama.block_count", 1)
        .key("llama.feed_forward_length", 8)
        .key("llama.context_length", 32);
  }

  @Test
  void wrongFilesAreToldInOneLine() throws IOException {
    refuse(
        new GgufBytes().key("general.architecture", "mamba"),
        "key 'general.architecture' is 'mamba', expected one of llama, qwen2");
    refuse(new GgufBytes().key("general.name", "x"), "key 'general.architecture' is missing");
    refuse(keys(), "tensor 'token_embd.weight' is missing");
    GgufBytes experts =
        keys()
            .floats("token_embd.weight", new float[32], 2, 16)
            .floats("blk.0.ffn_gate_exps.weight", new float[8], 8);
    refuse(experts, "tensor 'blk.0.ffn_gate_exps.weight' has no place in a llama model");
    refuse(
        keys()
            .floats("token_embd.weight", new float[32], 2, 16)
            .floats("blk.0.attn_q.weight", new float[48], 3, 16),
        "has 3 rows, expected an even number for each of 2 heads");
    refuse(
        keys()
            .floats("token_embd.weight", new float[32], 2, 16)
            .floats("rope_freqs.weight", new float[] {1, 7, 3, 2}, 4),
        "holds 7.0 at element 1");
    refuse(
        keys().floats("token_embd.weight", new float[32], 2, 16),
        "'model.layers.0.input_layernorm.weight' is missing");
    keys().write(Files.createDirectories(folder.resolve("two")).resolve("a.gguf"));
    keys().write(folder.resolve("two/b.gguf"));
    String message =
        assertThrows(BadFileException.class, () -> ModelLoader.load(folder.resolve("two")))
            .getMessage();
    assertTrue(message.contains("has 2 GGUF files; name one of them, such as "), message);
  }

  private void refuse(GgufBytes bytes, String expected) throws IOException {
    Path file = bytes.write(folder.resolve("bad.gguf"));
    String message =
        assertThrows(BadFileException.class, () -> ModelLoader.load(file).close()).getMessage();
    assertTrue(message.startsWith(file.toString()) && message.contains(expected), message);
    assertEquals(1, message.lines().count());
  }
}
