package nibble.loaders.gguf;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import nibble.loaders.BadFileException;
import nibble.loaders.json.JsonObject;
import nibble.loaders.safetensors.TensorFile;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * The file of a Llama-like model (llama, which Mistral files are as well, qwen2, qwen3, phi3,
 * gemma, gemma2, gemma3) as Hugging Face would store it.
 *
 * <p>Plain tensors that need no change have their names of Hugging Face and are mapped. The others
 * are in {@link #weights()}; as tensors they are listed under their name with a suffix, such as
 * {@code model.layers.0.mlp.up_proj.weight_q4_0}, as the bytes of the file.
 */
public final class GgufCheckpoint implements TensorFile {
  /** Tensors that are not parameters. */
  private static final Set<String> ROPE =
      Set.of("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight");

  private final GgufFile file;
  private final JsonObject config;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final Map<String, GgufWeight> weights = new LinkedHashMap<>();

  private GgufCheckpoint(GgufFile file) {
    this.file = file;
    config = GgufConfig.of(file);
    GgufArchitecture architecture = GgufArchitecture.of(file.metadata());
    GgufNames names = new GgufNames(architecture);
    for (GgufTensor tensor : file.tensors().values()) {
      if (!ROPE.contains(tensor.name())) {
        String name = names.of(tensor.name()).orElseThrow(() -> unknown(tensor));
        add(new GgufWeight(name, tensor, change(architecture, name, tensor)));
      }
    }
  }

  /**
   * Maps and checks {@code path}. The caller closes the result.
   *
   * @throws BadFileException if the file is broken, of another architecture, or has tensors that
   *     the architecture has not
   */
  public static GgufCheckpoint open(Path path) {
    GgufFile file = GgufFile.open(path);
    try {
      return new GgufCheckpoint(file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private GgufWeight.Change change(GgufArchitecture architecture, String name, GgufTensor tensor) {
    if (architecture == GgufArchitecture.LLAMA
        && (name.contains(".q_proj.") || name.contains(".k_proj."))) {
      int heads =
          config.integer(name.contains(".q_proj.") ? "num_attention_heads" : "num_key_value_heads");
      int rows = tensor.shape().rank() == 0 ? 0 : tensor.shape().dim(0);
      if (heads < 1 || rows == 0 || rows % (2 * heads) != 0) {
        throw BadFileException.of(
            file.file(),
            "tensor '%s' has %d rows, expected an even number for each of %d heads"
                .formatted(tensor.name(), rows, heads));
      }
      return new GgufWeight.Change.InterleavedRows(heads);
    }
    return architecture.isGemma() && name.endsWith("norm.weight")
        ? new GgufWeight.Change.PlusOne()
        : new GgufWeight.Change.None();
  }

  private void add(GgufWeight weight) {
    GgufTensor tensor = weight.tensor();
    if (weight.isPlain()) {
      tensors.put(weight.name(), tensor.plain().orElseThrow());
      return;
    }
    weights.put(weight.name(), weight);
    Tensor bytes =
        Tensor.ofSegment(
            tensor.data(), DType.U8, Shape.of(tensor.rows(), Math.toIntExact(tensor.rowBytes())));
    tensors.put(weight.name() + "_" + tensor.type().name().toLowerCase(Locale.ROOT), bytes);
  }

  private BadFileException unknown(GgufTensor tensor) {
    return BadFileException.of(
        file.file(),
        "tensor '%s' has no place in a %s model; mixtures of experts and adapters are not supported"
            .formatted(tensor.name(), file.metadata().string("general.architecture")));
  }

  /** What {@code config.json} of the model would say. */
  public JsonObject config() {
    return config;
  }

  /** Keys and values of the file. */
  public GgufMetadata keys() {
    return file.metadata();
  }

  /** Weights that are no mapped tensor of their name, by name; unmodifiable. */
  public Map<String, GgufWeight> weights() {
    return Collections.unmodifiableMap(weights);
  }

  @Override
  public Map<String, Tensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /** Empty: what the file says is in {@link #keys()}. */
  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public String description() {
    return file.file().toString();
  }

  @Override
  public void close() {
    file.close();
  }
}
