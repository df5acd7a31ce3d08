package nibble.loaders.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.encoder.DenseStep;
import nibble.nn.encoder.SentencePooling;
import nibble.nn.encoder.SentencePooling.Mode;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * How a folder of sentence-transformers makes one vector of a text: {@code modules.json}, the
 * folders that it names, and {@code sentence_bert_config.json}.
 *
 * @param pooling from hidden states to vectors
 * @param maxTokens longest text in tokens, special ones included, where the folder says so
 */
public record SentenceModules(SentencePooling pooling, OptionalInt maxTokens) {
  private static final String MODULES = "modules.json";
  private static final String LIMITS = "sentence_bert_config.json";

  /**
   * What {@code folder} says; a normalised mean where it has no {@code modules.json}.
   *
   * @throws BadFileException if a file is broken, or a module is of a kind that is not known
   */
  public static SentenceModules read(Path folder) {
    Path limits = folder.resolve(LIMITS);
    JsonObject config = Files.exists(limits) ? Json.readObject(limits) : JsonObject.empty();
    OptionalInt maxTokens =
        config.has("max_seq_length")
            ? OptionalInt.of(config.integer("max_seq_length"))
            : OptionalInt.empty();
    Path modules = folder.resolve(MODULES);
    return new SentenceModules(
        Files.exists(modules) ? pooling(folder, modules) : SentencePooling.normalizedMean(),
        maxTokens);
  }

  private static SentencePooling pooling(Path folder, Path file) {
    if (!(Json.read(file) instanceof JsonArray modules)) {
      throw BadFileException.of(file, "holds no list, expected one of modules");
    }
    List<Mode> modes = new ArrayList<>();
    List<SentencePooling.Step> steps = new ArrayList<>();
    for (int i = 0; i < modules.size(); i++) {
      JsonObject module = modules.object(i);
      String type = module.string("type");
      switch (type.substring(type.lastIndexOf('.') + 1)) {
        case "Transformer" -> {}
        case "Pooling" ->
            modes.addAll(modes(Json.readObject(inside(folder, module).resolve("config.json"))));
        case "Dense" -> steps.add(dense(inside(folder, module)));
        case "Normalize" -> steps.add(new SentencePooling.Normalize());
        default ->
            throw module.error(
                "type", "is '" + type + "', expected Transformer, Pooling, Dense or Normalize");
      }
    }
    if (modes.isEmpty()) {
      throw BadFileException.of(file, "has no Pooling module that pools, expected one");
    }
    return new SentencePooling(modes, steps);
  }

  /** The folder of a module, which must lie in the model's. */
  private static Path inside(Path folder, JsonObject module) {
    Path path = folder.resolve(module.string("path")).normalize();
    if (!path.startsWith(folder.normalize())) {
      throw module.error("path", "leaves the model folder");
    }
    return path;
  }

  private static List<Mode> modes(JsonObject config) {
    List<Mode> modes = new ArrayList<>();
    add(modes, config, "pooling_mode_cls_token", Mode.CLS);
    add(modes, config, "pooling_mode_max_tokens", Mode.MAX);
    add(modes, config, "pooling_mode_mean_tokens", Mode.MEAN);
    add(modes, config, "pooling_mode_mean_sqrt_len_tokens", Mode.MEAN_SQRT_LENGTH);
    add(modes, config, "pooling_mode_weightedmean_tokens", Mode.WEIGHTED_MEAN);
    add(modes, config, "pooling_mode_lasttoken", Mode.LAST_TOKEN);
    return modes;
  }

  private static void add(List<Mode> modes, JsonObject config, String key, Mode mode) {
    if (config.bool(key, false)) {
      modes.add(mode);
    }
  }

  private static DenseStep dense(Path folder) {
    JsonObject config = Json.readObject(folder.resolve("config.json"));
    int in = config.integer("in_features");
    int out = config.integer("out_features");
    String function = config.string("activation_function", "torch.nn.modules.activation.Tanh");
    DenseStep.Function activation =
        switch (function.substring(function.lastIndexOf('.') + 1)) {
          case "Tanh" -> DenseStep.Function.TANH;
          case "Identity" -> DenseStep.Function.IDENTITY;
          case "ReLU" -> DenseStep.Function.RELU;
          case "GELU" -> DenseStep.Function.GELU;
          default ->
              throw config.error(
                  "activation_function",
                  "is '" + function + "', expected Identity, Tanh, ReLU or GELU");
        };
    try (Safetensors file = Safetensors.open(folder.resolve("model.safetensors"))) {
      float[] weight = floats(file, "linear.weight", out, in);
      return new DenseStep(
          out,
          in,
          weight,
          config.bool("bias", true) ? floats(file, "linear.bias", out) : null,
          activation);
    }
  }

  private static float[] floats(Safetensors file, String name, int... dims) {
    Tensor tensor = file.tensor(name);
    if (!tensor.shape().equals(Shape.of(dims)) || !tensor.dtype().isFloat()) {
      throw new BadFileException(
          "%s: tensor '%s' is %s, expected floats of shape %s"
              .formatted(file.description(), name, tensor, Shape.of(dims)));
    }
    return tensor.toFloats();
  }
}
