package nibble.loaders.model;

import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import nibble.loaders.json.JsonObject;
import nibble.nn.transformer.RopeScaling;

/**
 * Rotary positions in {@code config.json}: {@code rope_theta} and {@code rope_scaling}, or both in
 * {@code rope_parameters} as newer versions of transformers write them.
 */
final class RopeJson {
  private RopeJson() {}

  /** The base. */
  static double base(JsonObject config, double fallback) {
    Optional<JsonObject> parameters = config.findObject("rope_parameters");
    if (parameters.isPresent() && parameters.get().has("rope_theta")) {
      return parameters.get().number("rope_theta");
    }
    return config.number("rope_theta", fallback);
  }

  /**
   * The scaling.
   *
   * @param context longest sequence, as {@code max_position_embeddings} says
   */
  static RopeScaling scaling(JsonObject config, int context) {
    Optional<JsonObject> scaling =
        config.findObject("rope_parameters").or(() -> config.findObject("rope_scaling"));
    return scaling
        .map(s -> ConfigKeys.checked(s, () -> scaling(config, s, context)))
        .orElse(new RopeScaling.None());
  }

  private static RopeScaling scaling(JsonObject config, JsonObject s, int context) {
    String type = s.string("rope_type", s.string("type", "default"));
    int original =
        s.integer(
            "original_max_position_embeddings",
            config.integer("original_max_position_embeddings", context));
    return switch (type) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(s.number("factor"));
      case "dynamic" -> new RopeScaling.DynamicNtk(s.number("factor"), original);
      case "yarn" -> yarn(s, original);
      case "llama3" ->
          new RopeScaling.Llama3(
              s.number("factor"),
              s.number("low_freq_factor"),
              s.number("high_freq_factor"),
              original);
      case "longrope", "su" -> longRope(config, s, original, context);
      default ->
          throw s.error(
              "rope_type",
              "is '" + type + "', expected default, linear, dynamic, yarn, llama3 or longrope");
    };
  }

  /**
   * The attention factor as given, or from {@code mscale} and {@code mscale_all_dim}, or that of
   * the paper.
   */
  private static RopeScaling yarn(JsonObject s, int original) {
    double factor = s.number("factor");
    double attention = RopeScaling.Yarn.defaultAttentionFactor(factor);
    if (s.has("mscale") && s.has("mscale_all_dim")) {
      attention = mscale(factor, s.number("mscale")) / mscale(factor, s.number("mscale_all_dim"));
    }
    return new RopeScaling.Yarn(
        factor,
        original,
        s.number("beta_fast", 32),
        s.number("beta_slow", 1),
        s.number("attention_factor", attention),
        s.bool("truncate", true));
  }

  private static double mscale(double factor, double mscale) {
    return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
  }

  private static RopeScaling longRope(JsonObject config, JsonObject s, int original, int context) {
    double factor =
        config.has("original_max_position_embeddings")
            ? (double) context / original
            : s.number("factor", (double) context / original);
    return new RopeScaling.LongRope(
        numbers(s, "short_factor"),
        numbers(s, "long_factor"),
        original,
        s.number(
            "attention_factor", RopeScaling.LongRope.defaultAttentionFactor(factor, original)));
  }

  private static List<Double> numbers(JsonObject s, String key) {
    return DoubleStream.of(s.array(key).doubles()).boxed().toList();
  }

  /**
   * Longest sequence with {@code scaling}: what {@code max_position_embeddings} says, or more where
   * the scaling stretches it.
   */
  static int context(RopeScaling scaling, int stated) {
    return switch (scaling) {
      case RopeScaling.DynamicNtk s -> Math.max(stated, stretched(s.context(), s.factor()));
      case RopeScaling.Yarn s -> Math.max(stated, stretched(s.context(), s.factor()));
      default -> stated;
    };
  }

  private static int stretched(int context, double factor) {
    return (int) Math.min(Integer.MAX_VALUE, Math.floor(context * factor));
  }
}
