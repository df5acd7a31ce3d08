package nibble.loaders.hf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import nibble.loaders.BadFileException;
import nibble.loaders.gguf.GgufCheckpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;
import nibble.loaders.safetensors.Safetensors;
import nibble.loaders.safetensors.ShardedSafetensors;
import nibble.loaders.safetensors.TensorFile;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * A model folder: {@code config.json}, the weights in {@code model.safetensors} or in shards with
 * {@code model.safetensors.index.json}, and optional further files. The weights are mapped, not
 * read: tensors are views that are valid until {@link #close()}, except those of {@link #floats},
 * which are copies. Safe for use by several threads.
 */
public final class Checkpoint implements AutoCloseable {
  /** Name of the configuration file. */
  public static final String CONFIG = "config.json";

  /** Name of the weight file. */
  public static final String WEIGHTS = "model.safetensors";

  /** Name of the list of weight files of a sharded model. */
  public static final String INDEX = "model.safetensors.index.json";

  /** Name of the file that says how images are prepared. */
  public static final String PREPROCESSOR = "preprocessor_config.json";

  private static final String GGUF = ".gguf";

  private final Path folder;
  private final JsonObject config;
  private final TensorFile tensors;

  private Checkpoint(Path folder, JsonObject config, TensorFile tensors) {
    this.folder = folder;
    this.config = config;
    this.tensors = tensors;
  }

  /**
   * Opens and checks the configuration and the weights in {@code folder}. The caller closes the
   * result. A GGUF file, or a folder with one and without {@code config.json}, is opened as {@link
   * GgufCheckpoint} shows it.
   *
   * @throws BadFileException if the folder or one of the two is missing or broken
   */
  public static Checkpoint open(Path folder) {
    Optional<Path> gguf = gguf(folder);
    if (gguf.isPresent()) {
      GgufCheckpoint file = GgufCheckpoint.open(gguf.get());
      return new Checkpoint(folder, file.config(), file);
    }
    if (!Files.isDirectory(folder)) {
      throw BadFileException.of(
          folder,
          Files.exists(folder)
              ? "is a file, expected a model folder or a GGUF file"
              : "no such folder");
    }
    JsonObject config = config(folder);
    return new Checkpoint(folder, config, weights(folder));
  }

  /** The GGUF file that {@code path} is or has; empty for a folder in Hugging Face layout. */
  private static Optional<Path> gguf(Path path) {
    if (Files.isRegularFile(path)) {
      return path.toString().endsWith(GGUF) ? Optional.of(path) : Optional.empty();
    }
    if (!Files.isDirectory(path) || Files.exists(path.resolve(CONFIG))) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(path)) {
      List<Path> found = files.filter(file -> file.toString().endsWith(GGUF)).sorted().toList();
      if (found.size() > 1) {
        throw BadFileException.of(
            path,
            "has %d GGUF files; name one of them, such as %s"
                .formatted(found.size(), found.getFirst()));
      }
      return found.stream().findFirst();
    } catch (IOException e) {
      throw BadFileException.reading(path, e);
    }
  }

  /** The configuration in {@code folder} alone, without touching the weights. */
  public static JsonObject config(Path folder) {
    Path file = folder.resolve(CONFIG);
    if (!Files.exists(file)) {
      throw BadFileException.of(
          folder, "has no " + CONFIG + "; expected a model folder in Hugging Face layout");
    }
    return Json.readObject(file);
  }

  private static TensorFile weights(Path folder) {
    Path single = folder.resolve(WEIGHTS);
    if (Files.exists(single)) {
      return Safetensors.open(single);
    }
    Path index = folder.resolve(INDEX);
    if (Files.exists(index)) {
      return ShardedSafetensors.open(index);
    }
    throw BadFileException.of(
        folder,
        "has neither %s nor %s; weights in other formats must be converted to safetensors first"
            .formatted(WEIGHTS, INDEX));
  }

  /** The folder; for a GGUF file that was opened by its name, the file. */
  public Path folder() {
    return folder;
  }

  /** {@code config.json}. */
  public JsonObject config() {
    return config;
  }

  /**
   * {@code preprocessor_config.json}. Without that file, what {@code config.json} says itself with
   * the keys {@code image_size}, {@code image_mean} and {@code image_std}: images in the model's
   * size. Empty if neither is there.
   */
  public Optional<JsonObject> preprocessorConfig() {
    Path file = folder.resolve(PREPROCESSOR);
    if (Files.exists(file)) {
      return Optional.of(Json.readObject(file));
    }
    if (!config.has("image_size") || !config.has("image_mean") || !config.has("image_std")) {
      return Optional.empty();
    }
    return Optional.of(
        JsonObject.builder()
            .put("size", config.get("image_size"))
            .put("image_mean", config.get("image_mean"))
            .put("image_std", config.get("image_std"))
            .build());
  }

  /** All tensors, mapped. */
  public TensorFile tensors() {
    return tensors;
  }

  /** The names of all tensors. */
  public Set<String> names() {
    return tensors.names();
  }

  /** Whether there is a tensor called {@code name}. */
  public boolean has(String name) {
    return tensors.tensors().containsKey(name);
  }

  /**
   * The mapped tensor called {@code name}, of any dtype. Throws {@link BadFileException} if there
   * is none.
   */
  public Tensor tensor(String name) {
    return tensors.tensor(name);
  }

  /**
   * The mapped tensor called {@code name}.
   *
   * @throws BadFileException if there is none or its shape is not {@code dims}
   */
  public Tensor tensor(String name, int... dims) {
    Tensor tensor = tensors.tensor(name);
    if (!tensor.shape().equals(Shape.of(dims))) {
      throw error(
          name, "has shape %s, expected %s".formatted(tensor.shape(), Arrays.toString(dims)));
    }
    return tensor;
  }

  /**
   * A working F32 copy of the tensor called {@code name}, which outlives this checkpoint. Cost: one
   * pass over the tensor.
   *
   * @throws BadFileException if there is none, its shape is not {@code dims}, its dtype is no
   *     float, or an element is NaN or infinite
   */
  public Tensor floats(String name, int... dims) {
    Tensor tensor = tensor(name, dims);
    if (!tensor.dtype().isFloat()) {
      throw error(
          name, "is " + tensor.dtype() + ", expected a float dtype such as F32, F16 or BF16");
    }
    Tensor copy = Tensor.of(tensor.toFloats(), dims);
    float[] values = copy.array();
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw error(
            name,
            "holds %s at element %d, expected finite weights; the file is damaged or its training diverged"
                .formatted(values[i], i));
      }
    }
    return copy;
  }

  /** Names of the classes by index, from {@code id2label}; empty if the configuration has none. */
  public List<String> labels() {
    return config.findObject("id2label").map(Checkpoint::labels).orElse(List.of());
  }

  private static List<String> labels(JsonObject id2label) {
    String[] labels = new String[id2label.keys().size()];
    for (Map.Entry<String, JsonValue> entry : id2label.values().entrySet()) {
      int index = index(id2label, entry.getKey(), labels.length);
      if (labels[index] != null) {
        throw id2label.error(entry.getKey(), "is a second name of class " + index);
      }
      labels[index] = id2label.string(entry.getKey());
    }
    return List.of(labels);
  }

  private static int index(JsonObject id2label, String key, int count) {
    try {
      int index = Integer.parseInt(key);
      if (index >= 0 && index < count) {
        return index;
      }
    } catch (NumberFormatException _) {
      // reported below
    }
    throw id2label.error(key, "is no class index from 0 to " + (count - 1));
  }

  private BadFileException error(String tensor, String problem) {
    return new BadFileException(tensors.description() + ": tensor '" + tensor + "' " + problem);
  }

  /** Unmaps the weights. */
  @Override
  public void close() {
    tensors.close();
  }
}
