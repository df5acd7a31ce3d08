package nibble.loaders.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.safetensors.Safetensors;
import nibble.loaders.safetensors.SafetensorsWriter;
import nibble.nn.Linear;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of the float weights of a file, by their type, in one file and in several. */
class LoadedWeightsTest {
  @TempDir Path folder;

  /** A golden Llama with all weights rounded to {@code dtype}, in one file or two. */
  private Path llama(DType dtype, boolean sharded) throws IOException {
    Path from = Golden.path("text/llama");
    Path to = Files.createDirectories(folder.resolve(dtype + (sharded ? "-sharded" : "")));
    Files.copy(from.resolve(Checkpoint.CONFIG), to.resolve(Checkpoint.CONFIG));
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (Safetensors file = Safetensors.open(from.resolve(Checkpoint.WEIGHTS))) {
      file.tensors().forEach((name, tensor) -> tensors.put(name, tensor.to(dtype)));
    }
    if (!sharded) {
      SafetensorsWriter.write(to.resolve(Checkpoint.WEIGHTS), tensors, Map.of());
      return to;
    }
    JsonObject map = JsonObject.empty();
    for (String part : new String[] {"0", "1"}) {
      Map<String, Tensor> shard =
          tensors.entrySet().stream()
              .filter(e -> part(e.getKey()).equals(part))
              .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
      SafetensorsWriter.write(to.resolve("model-" + part + ".safetensors"), shard, Map.of());
      for (String name : shard.keySet()) {
        map = map.with(name, new JsonString("model-" + part + ".safetensors"));
      }
    }
    Json.write(to.resolve(Checkpoint.INDEX), JsonObject.empty().with("weight_map", map));
    return to;
  }

  private static String part(String name) {
    return Integer.toString(Math.floorMod(name.hashCode(), 2));
  }

  private static float[] logits(LoadedModel loaded) {
    try (Safetensors expected = Safetensors.open(Golden.path("text/llama/expected.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      return loaded.model().forward(ops, expected.tensor("input_ids")).toFloats();
    }
  }

  @ParameterizedTest
  @CsvSource({"F32, F32", "F16, F16", "BF16, BF16", "F8_E4M3, BF16", "F8_E5M2, BF16"})
  void weightsAreMappedAndPackedNoWiderThanKernelsNeed(DType dtype, DType packed)
      throws IOException {
    try (LoadedModel one = ModelLoader.load(llama(dtype, false));
        LoadedModel several = ModelLoader.load(llama(dtype, true))) {
      boolean isByte = dtype.bytes() == 1;
      for (Linear linear : one.model().linears()) {
        assertEquals(packed.name(), linear.matrix().format(), linear.name());
        Tensor inFile = one.checkpoint().tensor(linear.weight().name());
        assertTrue(inFile.segment().isMapped(), linear.name());
        Tensor value = linear.weight().peek();
        assertEquals(
            isByte ? Optional.empty() : Optional.of(inFile.segment().address()),
            isByte ? Optional.empty() : Optional.of(value.segment().address()));
        assertArrayEquals(inFile.toFloats(), value.toFloats(), "exact");
      }
      assertArrayEquals(logits(one), logits(several));
      assertEquals(
          one.checkpoint().tensors().byteSize(), several.checkpoint().tensors().byteSize());
    }
  }
}
