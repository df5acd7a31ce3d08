package nibble.loaders.hf;

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
import nibble.loaders.BadFileException;
import nibble.loaders.safetensors.SafetensorsWriter;
import nibble.tensor.DType;
import nibble.tensor.Tensor;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
  @TempDir Path folder;

  private void write(String config) throws IOException {
    Files.writeString(folder.resolve("config.json"), config);
    Map<String, Tensor> tensors =
        Map.of(
            "w", Tensor.of(new float[] {1, 2, 3, 4}, 2, 2).to(DType.BF16),
            "nan", Tensor.of(new float[] {1, Float.NaN}, 2),
            "ids", Tensor.of(new float[] {1, 2}, 2).to(DType.I64));
    SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of());
  }

  @Test
  void configTensorsAndLabelsAreRead() throws IOException {
    write("{\"hidden_size\":2,\"id2label\":{\"1\":\"cat\",\"0\":\"dog\"}}");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertEquals(2, checkpoint.config().integer("hidden_size"));
      assertEquals(List.of("dog", "cat"), checkpoint.labels());
      assertEquals(DType.BF16, checkpoint.tensor("w").dtype());
      assertArrayEquals(new float[] {1, 2, 3, 4}, checkpoint.floats("w", 2, 2).array());
      assertTrue(checkpoint.has("ids"));
      assertFalse(checkpoint.has("bias"));
      assertTrue(checkpoint.preprocessorConfig().isEmpty());
      Path weights = folder.resolve("model.safetensors");
      assertError(
          weights + ": tensor 'w' has shape [2, 2], expected [4]", () -> checkpoint.floats("w", 4));
      assertError(
          weights + ": tensor 'nan' holds NaN at element 1, expected finite weights",
          () -> checkpoint.floats("nan", 2));
      assertError(
          weights + ": tensor 'ids' is I64, expected a float dtype",
          () -> checkpoint.floats("ids", 2));
      assertError(weights + ": tensor 'bias' is missing", () -> checkpoint.tensor("bias"));
    }
  }

  @Test
  void missingPartsAreNamed() throws IOException {
    assertError(folder + ": has no config.json", () -> Checkpoint.open(folder));
    Path config = Files.writeString(folder.resolve("config.json"), "{}");
    assertError(folder + ": has neither model.safetensors nor", () -> Checkpoint.open(folder));
    assertError(
        config + ": is a file, expected a model folder or a GGUF file",
        () -> Checkpoint.open(config));
    assertError(
        folder.resolve("x") + ": no such folder", () -> Checkpoint.open(folder.resolve("x")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"1\":\"a\"}",
        "{\"-1\":\"a\"}",
        "{\"x\":\"a\"}",
        "{\"0\":1}",
        "{\"0\":\"a\",\"00\":\"b\"}",
        "[]"
      })
  void brokenLabelsAreRejected(String labels) throws IOException {
    write("{\"id2label\":" + labels + "}");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertError(folder.resolve("config.json") + ": key 'id2label", checkpoint::labels);
    }
  }

  @Test
  void shardedFoldersAreRead() throws IOException {
    write("{}");
    Files.move(
        folder.resolve("model.safetensors"), folder.resolve("model-00001-of-00001.safetensors"));
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"w\":\"model-00001-of-00001.safetensors\"}}");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertArrayEquals(new float[] {1, 2, 3, 4}, checkpoint.floats("w", 2, 2).array());
      assertEquals(List.of("w"), List.copyOf(checkpoint.names()));
    }
  }

  @Test
  void deitIsOpened() {
    try (Checkpoint checkpoint = Checkpoint.open(SharedData.require("vit/deit-tiny-patch16-224"))) {
      assertEquals(1000, checkpoint.labels().size());
      assertEquals("tench", checkpoint.labels().getFirst());
      assertEquals(5_717_416, checkpoint.tensors().byteSize() / 4);
      assertTrue(checkpoint.preprocessorConfig().isPresent());
    }
  }

  private static void assertError(String start, Executable action) {
    String message = assertThrows(BadFileException.class, action).getMessage();
    assertTrue(message.startsWith(start), message);
  }
}
