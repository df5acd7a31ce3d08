package nibble.cli.table;

import java.util.List;
import java.util.Locale;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;

/** What was measured of one model: the score that {@code nibble eval --json} printed. */
public sealed interface Quality {
  /** The columns of a table. */
  List<String> columns();

  /** Its numbers, as texts, by column. */
  List<String> texts();

  /** What is drawn, the better the higher first. */
  List<Measure> measures();

  /** Its keys in JSON. */
  JsonObject toJson();

  /**
   * A number to draw.
   *
   * @param name in words
   * @param unit of the axis
   * @param value NaN for none
   */
  record Measure(String name, String unit, double value) {}

  /**
   * A classifier of images.
   *
   * @param top1 share of images whose label is the first choice
   * @param agreement share of them with the first choice of the float model
   * @param logitMse mean squared difference of logits from the float model
   */
  record OfImages(double top1, double agreement, double logitMse) implements Quality {
    @Override
    public List<String> columns() {
      return List.of("top-1", "agreement", "logit MSE");
    }

    @Override
    public List<String> texts() {
      return List.of(percent(top1), percent(agreement), decimal("%.4f", logitMse));
    }

    @Override
    public List<Measure> measures() {
      return List.of(
          new Measure("Agreement with the float model", "%", 100 * agreement),
          new Measure("Top-1", "%", 100 * top1));
    }

    @Override
    public JsonObject toJson() {
      return JsonObject.empty()
          .with("top1", number(top1))
          .with("agreement", number(agreement))
          .with("logit_mse", number(logitMse));
    }
  }

  /**
   * A language model.
   *
   * @param perplexity of the text
   * @param standardError of the perplexity
   * @param divergence {@code KL(float model || model)} per token, in nats
   * @param divergenceError its standard error
   * @param agreement share of tokens with the most probable token of the float model
   */
  record OfText(
      double perplexity,
      double standardError,
      double divergence,
      double divergenceError,
      double agreement)
      implements Quality {
    @Override
    public List<String> columns() {
      return List.of("perplexity", "KL", "agreement");
    }

    @Override
    public List<String> texts() {
      return List.of(
          decimal("%.3f", perplexity) + " +- " + decimal("%.3f", standardError),
          decimal("%.4f", divergence) + " +- " + decimal("%.4f", divergenceError),
          percent(agreement));
    }

    @Override
    public List<Measure> measures() {
      return List.of(
          new Measure("Agreement with the float model", "%", 100 * agreement),
          new Measure("Perplexity", "", perplexity));
    }

    @Override
    public JsonObject toJson() {
      return JsonObject.empty()
          .with("perplexity", number(perplexity))
          .with("standard_error", number(standardError))
          .with("kl", number(divergence))
          .with("kl_standard_error", number(divergenceError))
          .with("agreement", number(agreement));
    }
  }

  /**
   * A text encoder.
   *
   * @param spearman correlation of cosines with what people say of pairs of sentences
   * @param cosine mean cosine of a sentence's vector with the one that the float model gives
   */
  record OfPairs(double spearman, double cosine) implements Quality {
    @Override
    public List<String> columns() {
      return List.of("Spearman", "cosine");
    }

    @Override
    public List<String> texts() {
      return List.of(decimal("%.4f", spearman), decimal("%.4f", cosine));
    }

    @Override
    public List<Measure> measures() {
      return List.of(
          new Measure("Spearman correlation", "", spearman),
          new Measure("Cosine with the float model", "", cosine));
    }

    @Override
    public JsonObject toJson() {
      return JsonObject.empty().with("spearman", number(spearman)).with("cosine", number(cosine));
    }
  }

  /**
   * From the keys of a score, or those that {@link #toJson} wrote; what a float model is not
   * compared with is that of equality.
   */
  static Quality fromJson(JsonObject json) {
    if (json.has("top1")) {
      return new OfImages(
          json.number("top1", Double.NaN),
          json.number("agreement", 1),
          json.number("logit_mse", 0));
    }
    if (json.has("perplexity")) {
      return new OfText(
          json.number("perplexity", Double.NaN),
          json.number("standard_error", Double.NaN),
          json.number("kl", 0),
          json.number("kl_standard_error", 0),
          json.number("agreement", 1));
    }
    return new OfPairs(json.number("spearman", Double.NaN), json.number("cosine", 1));
  }

  private static JsonValue number(double value) {
    return Double.isFinite(value) ? JsonNumber.of(value) : JsonNull.NULL;
  }

  private static String percent(double share) {
    return decimal("%.1f", 100 * share) + " %";
  }

  private static String decimal(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
