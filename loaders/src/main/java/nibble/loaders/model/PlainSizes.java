package nibble.loaders.model;

import java.util.function.Function;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;

/**
 * The sizes that {@link PlainViTFamily} and {@link PostNormViTFamily} read and write under the same
 * keys.
 */
record PlainSizes(
    int imageSize,
    int patchSize,
    int channels,
    int hidden,
    int layers,
    int heads,
    int intermediate,
    int labels) {
  /**
   * What {@code maker} makes of the sizes in {@code config}.
   *
   * @throws nibble.loaders.BadFileException for a missing key, or sizes that {@code maker} refuses
   */
  static <T> T read(JsonObject config, Function<PlainSizes, T> maker) {
    PlainSizes sizes =
        new PlainSizes(
            ConfigKeys.side(config, "image_size"),
            ConfigKeys.side(config, "patch_size"),
            config.integer("num_channels", 3),
            config.integer("hidden_size"),
            config.integer("num_hidden_layers"),
            config.integer("num_attention_heads"),
            config.integer("intermediate_size"),
            ConfigKeys.labels(config));
    return ConfigKeys.checked(config, () -> maker.apply(sizes));
  }

  /** {@code config} with these sizes, and with {@code type} where it has none. */
  JsonObject into(JsonObject config, String type) {
    return ConfigKeys.withDefault(config, "model_type", new JsonString(type))
        .with("image_size", JsonNumber.of(imageSize))
        .with("patch_size", JsonNumber.of(patchSize))
        .with("num_channels", JsonNumber.of(channels))
        .with("hidden_size", JsonNumber.of(hidden))
        .with("num_hidden_layers", JsonNumber.of(layers))
        .with("num_attention_heads", JsonNumber.of(heads))
        .with("intermediate_size", JsonNumber.of(intermediate))
        .with("num_labels", JsonNumber.of(labels));
  }
}
