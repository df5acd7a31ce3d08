package nibble.loaders.model;

import nibble.loaders.json.JsonObject;
import nibble.nn.Model;
import nibble.nn.WeightSource;

/**
 * The models of one kind: from the keys of Hugging Face's {@code config.json} to a model, and back.
 * Stateless.
 */
public interface ModelFamily {
  /**
   * What {@code model_type} says of models of this kind, for messages, such as {@code vit or deit}.
   */
  String modelTypes();

  /** What models of this kind are for. */
  ModelKind kind();

  /** Whether {@code config} describes a model of this kind. */
  boolean describes(JsonObject config);

  /** Whether {@code model} is of this kind. */
  boolean isOf(Model model);

  /**
   * The model that {@code config} describes, with the parameters of {@code weights}.
   *
   * @throws nibble.loaders.BadFileException for a missing key, a value of the wrong kind, or
   *     dimensions that do not fit together or to the weights
   */
  Model build(JsonObject config, WeightSource weights);

  /**
   * The keys of {@code config} with those of {@code model} in their place; other keys stay as they
   * are. What Hugging Face has no key for goes below the key {@code nibble}.
   */
  JsonObject toJson(JsonObject config, Model model);
}
