package nibble.loaders.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import nibble.loaders.BadFileException;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardedSafetensorsTest {
  @TempDir Path folder;

  @Test
  void tensorsOfAllShardsAreFound() throws IOException {
    try (ShardedSafetensors read =
        ShardedSafetensors.open(
            index(
                "{'metadata':{'total_size':8},'weight_map':{'b':'2.safetensors','a':'1.safetensors'}}"))) {
      assertEquals(List.of("b", "a"), List.copyOf(read.names()));
      assertEquals(1, read.tensor("a").item());
      assertEquals(2, read.tensor("b").item());
      assertEquals(8, read.byteSize());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'weight_map':{'a':'3.safetensors'}}|the file '3.safetensors' of tensor 'a' is missing",
        "{'weight_map':{'a':'2.safetensors'}}|tensor 'a' should be in '2.safetensors', which does"
            + " not have it",
        "{'weight_map':{'a':'../1.safetensors'}}|key 'weight_map.a' names the file"
            + " '../1.safetensors', expected a plain file name",
        "{'weight_map':{'a':'/etc/passwd'}}|plain file name",
        "{'weight_map':{'a':'sub/1.safetensors'}}|plain file name",
        "{'weight_map':{'a':'sub\\\\1.safetensors'}}|plain file name",
        "{'weight_map':{'a':'..'}}|plain file name",
        "{'weight_map':{'a':'.'}}|plain file name",
        "{'weight_map':{'a':''}}|plain file name",
        "{'weight_map':{'a':'x\\u0000'}}|plain file name",
        "{'weight_map':{'a':1}}|key 'weight_map.a' is the number 1, expected a string",
        "{'weight_map':[]}|key 'weight_map' is an array, expected an object",
        "{}|key 'weight_map' is missing",
        "[]|the document is an array, expected an object",
        "{|not valid JSON"
      })
  void brokenIndexIsRejected(String json, String reason) throws IOException {
    Path index = index(json);
    String message =
        assertThrows(BadFileException.class, () -> ShardedSafetensors.open(index)).getMessage();
    assertTrue(
        message.startsWith(index.toString())
            && message.contains(reason)
            && message.lines().count() == 1,
        message);
  }

  private Path index(String json) throws IOException {
    SafetensorsWriter.write(
        folder.resolve("1.safetensors"), Map.of("a", Tensor.scalar(1)), Map.of());
    SafetensorsWriter.write(
        folder.resolve("2.safetensors"), Map.of("b", Tensor.scalar(2)), Map.of());
    return Files.writeString(
        folder.resolve("model.safetensors.index.json"), json.replace('\'', '"'));
  }
}
