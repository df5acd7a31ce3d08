package nibble.loaders.model;

import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.nn.decoder.Decoder;

/** What the configurations of all text models have in common. */
final class TextConfigs {
  private static final String NORM = "norm";
  private static final String FOLDED = "rms";

  private TextConfigs() {}

  /** Whether {@code model_type} is one of {@code types}. */
  static boolean isOfType(JsonObject config, String... types) {
    String type = config.string("model_type", "");
    for (String known : types) {
      if (type.equals(known)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a transform folded the normalisations of the stream away. */
  static boolean isFolded(JsonObject config) {
    return config
        .findObject(ModelWriter.EXTENSIONS)
        .map(n -> n.string(NORM, "").equals(FOLDED))
        .orElse(false);
  }

  /** The keys of {@code config} with what transforms of a causal language model have changed. */
  static JsonObject toJson(JsonObject config, Decoder model, boolean tiedByDefault) {
    JsonObject result = config;
    boolean tied = model.config().size().tied();
    if (tied != config.bool("tie_word_embeddings", tiedByDefault)) {
      result = result.with("tie_word_embeddings", new JsonBool(tied));
    }
    return model.config().size().folded() ? folded(result) : result;
  }

  /** Marks the normalisations as folded. */
  static JsonObject folded(JsonObject config) {
    return config.with(
        ModelWriter.EXTENSIONS, JsonObject.empty().with(NORM, new JsonString(FOLDED)));
  }
}
