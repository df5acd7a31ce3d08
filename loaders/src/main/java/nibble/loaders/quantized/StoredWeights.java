package nibble.loaders.quantized;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nibble.loaders.BadFileException;
import nibble.loaders.gguf.GgufCheckpoint;
import nibble.loaders.json.JsonObject;
import nibble.loaders.safetensors.TensorFile;
import nibble.nn.RowTable;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/** All weights of a checkpoint that are stored otherwise than as float tensors of their names. */
public final class StoredWeights {
  /** The key of {@code config.json} that says how a checkpoint is quantized. */
  public static final String KEY = "quantization_config";

  /**
   * The module to which the weight {@code name} belongs, as lists of modules in a configuration
   * call it.
   */
  public static String module(String name) {
    return CodeTensors.module(name);
  }

  private static final String METHODS = "compressed-tensors, gptq, awq or fp8";

  private final TensorFile file;
  private final List<WeightForm> forms;
  private final Map<String, Optional<PackedWeight>> executed = new HashMap<>();

  private StoredWeights(TensorFile file, List<WeightForm> forms) {
    this.file = file;
    this.forms = forms;
  }

  /**
   * The weights of {@code file}, stored as {@code config} says.
   *
   * @throws BadFileException if {@code config} says something that cannot be read
   */
  public static StoredWeights of(TensorFile file, JsonObject config) {
    List<WeightForm> forms = new ArrayList<>();
    forms.add(new BinaryWeightsForm(file, BinaryCoding.of(config)));
    forms.add(new LatticeForm(file));
    forms.add(new SideForm(file));
    if (file instanceof GgufCheckpoint gguf) {
      forms.add(new GgufForm(gguf));
    }
    Optional<JsonObject> quantization = config.findObject(KEY);
    String method =
        quantization.map(q -> q.string("quant_method", "compressed-tensors")).orElse("");
    switch (method) {
      case "" -> forms.add(new PackQuantizedForm(file, Optional.empty()));
      case "compressed-tensors" -> {
        CompressedTensorsConfig groups =
            CompressedTensorsConfig.of(quantization.orElseThrow(), config);
        forms.add(new PackQuantizedForm(file, Optional.of(groups)));
        forms.add(new IntQuantizedForm(file, groups));
        forms.add(Float8Form.ofCompressedTensors(file, groups));
      }
      case "gptq" -> forms.add(new GptqForm(file, GptqConfig.of(quantization.orElseThrow())));
      case "awq" -> forms.add(new AwqForm(file, AwqConfig.of(quantization.orElseThrow())));
      case "fp8" -> forms.add(Float8Form.ofBlocks(file, quantization.orElseThrow()));
      default ->
          throw quantization
              .orElseThrow()
              .error("quant_method", "is '" + method + "', expected " + METHODS);
    }
    return new StoredWeights(file, List.copyOf(forms));
  }

  /** Whether the weight {@code name} is among them. */
  public boolean has(String name) {
    return forms.stream().anyMatch(form -> form.has(name));
  }

  private WeightForm form(String name) {
    List<WeightForm> found = forms.stream().filter(form -> form.has(name)).toList();
    if (found.size() != 1) {
      throw new BadFileException(
          "%s: weight '%s' is stored in %d ways, beside each other, expected one of them"
              .formatted(file.description(), name, found.size()));
    }
    return found.getFirst();
  }

  /**
   * Checks that the weight {@code name} has as many elements and output rows as {@code expected}.
   *
   * @throws BadFileException if it has not
   */
  public void checkShape(String name, Shape expected) {
    WeightForm form = form(name);
    Shape found = form.shape(name);
    if (found.size() != expected.size() || found.dim(0) != expected.dim(0)) {
      throw new BadFileException(
          "%s: tensor '%s' says %s, config.json asks for %s"
              .formatted(file.description(), form.shapeTensor(name), found, expected));
    }
  }

  /**
   * The weight {@code name} as it is executed, made at the first call; empty if its values run as a
   * float weight.
   */
  public Optional<PackedWeight> executed(String name) {
    return executed.computeIfAbsent(name, n -> form(n).executed(n));
  }

  /** The weight {@code name} as a look-up table of codes; empty if its values are looked up. */
  public Optional<RowTable> table(String name) {
    return executed(name).filter(RowTable.class::isInstance).map(RowTable.class::cast);
  }

  /** The values of the weight {@code name}, in new memory. */
  public Tensor values(String name) {
    WeightForm form = form(name);
    return executed(name).map(PackedWeight::dequantized).orElseGet(() -> form.values(name));
  }
}
