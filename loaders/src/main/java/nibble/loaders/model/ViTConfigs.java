package nibble.loaders.model;

import java.util.List;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.nn.Activation;
import nibble.nn.Norm;
import nibble.nn.vit.ViTConfig;

/** The dimensions of a ViT from and to the keys of Hugging Face's {@code config.json}. */
public final class ViTConfigs {
  /**
   * Keys of our own, except that BEiT knows the second one, and the third is an argument of Hugging
   * Face's forward pass.
   */
  private static final String CLASS_TOKEN = "use_cls_token";

  private static final String MEAN_POOLING = "use_mean_pooling";
  private static final String ANY_SIZE = "interpolate_pos_encoding";
  private static final String JOINED_QUERY_KEY = "joined_query_key";

  private ViTConfigs() {}

  /** Whether {@code config} describes a ViT or DeiT. */
  public static boolean describes(JsonObject config) {
    String type = config.string("model_type", "");
    return type.equals("vit") || type.equals("deit");
  }

  /**
   * The dimensions that {@code config} describes. Keys that Hugging Face gives a default may be
   * missing; the sizes of the model may not.
   *
   * @throws nibble.loaders.BadFileException for a missing key, a value of the wrong kind, or
   *     dimensions that do not fit together
   */
  public static ViTConfig fromJson(JsonObject config) {
    String deit = config.string("model_type", "").equals("deit") ? ViTConfig.DEIT : ViTConfig.VIT;
    String architecture = ConfigKeys.architecture(config, deit);
    boolean rms =
        config.findObject("nibble").map(n -> n.string("norm", "layer").equals("rms")).orElse(false);
    try {
      return new ViTConfig(
          architecture,
          ConfigKeys.side(config, "image_size"),
          ConfigKeys.side(config, "patch_size"),
          config.integer("num_channels", 3),
          config.integer("hidden_size"),
          config.integer("num_hidden_layers"),
          config.integer("num_attention_heads"),
          config.integer("intermediate_size"),
          Activation.ofConfig(config.string("hidden_act", "gelu")),
          (float) config.number("layer_norm_eps", 1e-12),
          config.bool("qkv_bias", true),
          ConfigKeys.labels(config),
          rms ? Norm.Kind.RMS : Norm.Kind.LAYER,
          variant(config));
    } catch (IllegalArgumentException e) {
      throw config.error(String.valueOf(e.getMessage()));
    }
  }

  private static ViTConfig.Variant variant(JsonObject config) {
    boolean classToken = config.bool(CLASS_TOKEN, true);
    return new ViTConfig.Variant(
        classToken,
        config.bool(MEAN_POOLING, !classToken),
        config.bool(ANY_SIZE, false),
        config.bool(JOINED_QUERY_KEY, false));
  }

  /**
   * The keys of {@code config} with the dimensions of {@code dimensions}; other keys stay as they
   * are.
   */
  public static JsonObject toJson(JsonObject config, ViTConfig dimensions) {
    JsonObject result =
        config
            .with("architectures", JsonArray.ofStrings(List.of(dimensions.architecture())))
            .with(
                "model_type",
                new JsonString(dimensions.architecture().equals(ViTConfig.VIT) ? "vit" : "deit"))
            .with("image_size", JsonNumber.of(dimensions.imageSize()))
            .with("patch_size", JsonNumber.of(dimensions.patchSize()))
            .with("num_channels", JsonNumber.of(dimensions.channels()))
            .with("hidden_size", JsonNumber.of(dimensions.hidden()))
            .with("num_hidden_layers", JsonNumber.of(dimensions.layers()))
            .with("num_attention_heads", JsonNumber.of(dimensions.heads()))
            .with("intermediate_size", JsonNumber.of(dimensions.intermediate()))
            .with("hidden_act", new JsonString(dimensions.activation().configName()))
            .with("qkv_bias", new JsonBool(dimensions.qkvBias()));
    if (dimensions.norm() == Norm.Kind.RMS) {
      result =
          result.with(
              ModelWriter.EXTENSIONS, JsonObject.empty().with("norm", new JsonString("rms")));
    }
    ViTConfig.Variant variant = dimensions.variant();
    if (!variant.equals(ViTConfig.Variant.STANDARD)) {
      result =
          result
              .with(CLASS_TOKEN, new JsonBool(variant.classToken()))
              .with(MEAN_POOLING, new JsonBool(variant.meanPooling()))
              .with(ANY_SIZE, new JsonBool(variant.anySize()))
              .with(JOINED_QUERY_KEY, new JsonBool(variant.joinedQueryKey()));
    }
    return config.has("layer_norm_eps")
        ? result
        : result.with("layer_norm_eps", JsonNumber.of((double) dimensions.epsilon()));
  }
}
