package nibble.loaders.safetensors;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.tensor.Tensor;

/**
 * Several safetensors files with an index ({@code model.safetensors.index.json}) that says in its
 * {@code weight_map} which tensor is in which file. All files lie in the folder of the index; names
 * that point elsewhere are rejected. Tensors of a file that the index does not list are ignored.
 */
public final class ShardedSafetensors implements TensorFile {
  private final Path index;
  private final List<Safetensors> shards;
  private final Map<String, Tensor> tensors;

  private ShardedSafetensors(Path index, List<Safetensors> shards, Map<String, Tensor> tensors) {
    this.index = index;
    this.shards = shards;
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /**
   * Maps and checks every file of {@code index}. The caller closes the result.
   *
   * @throws BadFileException if the index or one of its files is missing or broken, or a tensor is
   *     not where the index says
   */
  public static ShardedSafetensors open(Path index) {
    JsonObject weightMap = Json.readObject(index).object("weight_map");
    Map<String, Safetensors> shards = new HashMap<>();
    List<Safetensors> opened = new ArrayList<>();
    try {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String name : weightMap.keys()) {
        String shardName = weightMap.string(name);
        Safetensors shard = shards.get(shardName);
        if (shard == null) {
          shard = Safetensors.open(shardPath(index, weightMap, name, shardName));
          shards.put(shardName, shard);
          opened.add(shard);
        }
        Tensor tensor = shard.tensors().get(name);
        if (tensor == null) {
          throw BadFileException.of(
              index,
              "tensor '%s' should be in '%s', which does not have it".formatted(name, shardName));
        }
        tensors.put(name, tensor);
      }
      return new ShardedSafetensors(index, List.copyOf(opened), tensors);
    } catch (Throwable e) {
      opened.forEach(Safetensors::close);
      throw e;
    }
  }

  private static Path shardPath(Path index, JsonObject weightMap, String tensor, String name) {
    boolean plain =
        !name.isEmpty()
            && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ')
            && !name.startsWith("..");
    if (!plain || name.equals(".")) {
      throw weightMap.error(
          tensor,
          "names the file '" + name + "', expected a plain file name in the folder of the index");
    }
    Path shard;
    try {
      shard = index.resolveSibling(name);
    } catch (InvalidPathException e) {
      throw weightMap.error(
          tensor,
          "names the file '" + name + "', which is no file name on this system: " + e.getReason());
    }
    if (!Files.exists(shard)) {
      throw BadFileException.of(
          index,
          "the file '%s' of tensor '%s' is missing; fetch it into the same folder"
              .formatted(name, tensor));
    }
    return shard;
  }

  @Override
  public Map<String, Tensor> tensors() {
    return tensors;
  }

  /** Empty: each file has its own. */
  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public String description() {
    return index.toString();
  }

  @Override
  public void close() {
    shards.forEach(Safetensors::close);
  }
}
