package nibble.loaders.model;

import java.util.List;
import java.util.stream.Collectors;
import nibble.loaders.json.JsonObject;
import nibble.nn.Model;

/**
 * The families of models that can be read and written. A new one is one line in {@link #standard}.
 */
public final class ModelFamilies {
  private static final List<ModelFamily> STANDARD =
      List.of(
          new ViTFamily(),
          new SwinFamily(),
          new Dinov2Family(),
          new PostNormViTFamily(),
          new PlainViTFamily(),
          new LlamaFamily(),
          new GemmaFamily(),
          new Gpt2Family(),
          new OptFamily(),
          new GptNeoXFamily(),
          new BertFamily(),
          new DistilBertFamily(),
          new ModernBertFamily(),
          new ClipFamily());

  private ModelFamilies() {}

  /** All families. */
  public static List<ModelFamily> standard() {
    return STANDARD;
  }

  /**
   * The family of the model that {@code config} describes.
   *
   * @throws nibble.loaders.BadFileException if there is none
   */
  public static ModelFamily of(JsonObject config) {
    return STANDARD.stream()
        .filter(f -> f.describes(config))
        .findFirst()
        .orElseThrow(() -> unknown(config));
  }

  private static RuntimeException unknown(JsonObject config) {
    String known = STANDARD.stream().map(ModelFamily::modelTypes).collect(Collectors.joining(", "));
    return config.error(
        "model_type", "is '" + config.string("model_type", "") + "', expected " + known);
  }

  /**
   * The family of {@code model}.
   *
   * @throws IllegalArgumentException if it is of none and so has no file format
   */
  public static ModelFamily of(Model model) {
    return STANDARD.stream()
        .filter(f -> f.isOf(model))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "models of architecture " + model.architecture() + " have no file format"));
  }
}
