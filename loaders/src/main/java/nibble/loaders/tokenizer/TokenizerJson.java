package nibble.loaders.tokenizer;

import java.util.ArrayList;
import java.util.List;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.tokenizer.core.Fields;
import nibble.loaders.tokenizer.decode.Decoders;
import nibble.loaders.tokenizer.finish.Finisher;
import nibble.loaders.tokenizer.finish.Finishers;
import nibble.loaders.tokenizer.model.Models;
import nibble.loaders.tokenizer.model.TokenModel;
import nibble.loaders.tokenizer.normalize.Normalizers;
import nibble.loaders.tokenizer.normalize.TextNormalizer;
import nibble.loaders.tokenizer.split.Splitters;
import nibble.loaders.tokenizer.split.TextSplitter;
import org.jspecify.annotations.Nullable;

/** Reads {@code tokenizer.json}. */
final class TokenizerJson {
  private final JsonObject json;

  TokenizerJson(JsonObject json) {
    this.json = json;
    Fields.only(
        json,
        "version",
        "truncation",
        "padding",
        "added_tokens",
        "normalizer",
        "pre_tokenizer",
        "post_processor",
        "decoder",
        "model");
    String version = json.string("version", "1.0");
    if (!version.equals("1.0")) {
      throw json.error("version", "is '" + version + "', expected 1.0");
    }
  }

  Pipeline pipeline() {
    TextNormalizer normalizer =
        json.findObject("normalizer").map(Normalizers::of).orElse(Normalizers.NONE);
    TextSplitter splitter =
        json.findObject("pre_tokenizer").map(Splitters::of).orElse(Splitters.NONE);
    TokenModel model = Models.of(json.object("model"));
    AddedTokens added = new AddedTokens(addedTokens(model), normalizer);
    Finisher finisher =
        json.findObject("post_processor")
            .map(step -> finisher(step, model, added))
            .orElseGet(Finishers::none);
    return new Pipeline(
        added,
        normalizer,
        splitter,
        model,
        finisher,
        json.findObject("decoder").map(Decoders::of).orElse(Decoders.SPACED));
  }

  static Finisher finisher(JsonObject step, TokenModel model, AddedTokens added) {
    return Finishers.of(step, id -> added.byId(id) == null ? model.vocabulary().token(id) : null);
  }

  private List<AddedToken> addedTokens(TokenModel model) {
    List<AddedToken> tokens = new ArrayList<>();
    if (!json.has("added_tokens")) {
      return tokens;
    }
    for (JsonObject entry : Fields.objects(json, "added_tokens")) {
      AddedToken token = AddedToken.of(entry, entry.integer("id"));
      int known = model.vocabulary().id(token.content());
      if (known >= 0 && known != token.id()) {
        throw entry.error(
            "id",
            "is %d for '%s', which has id %d in the vocabulary"
                .formatted(token.id(), token.content(), known));
      }
      tokens.add(token);
    }
    return tokens;
  }

  @Nullable Truncation truncation() {
    JsonObject section = json.findObject("truncation").orElse(null);
    if (section == null) {
      return null;
    }
    Fields.only(section, "direction", "max_length", "strategy", "stride");
    int length = section.integer("max_length");
    if (length < 1) {
      throw section.error("max_length", "is %d, expected at least 1".formatted(length));
    }
    return new Truncation(length, side(section), strategy(section));
  }

  private static Truncation.Strategy strategy(JsonObject section) {
    String strategy = section.string("strategy", "LongestFirst");
    return switch (strategy) {
      case "LongestFirst" -> Truncation.Strategy.LONGEST_FIRST;
      case "OnlyFirst" -> Truncation.Strategy.ONLY_FIRST;
      case "OnlySecond" -> Truncation.Strategy.ONLY_SECOND;
      default ->
          throw section.error(
              "strategy", "is '" + strategy + "', expected LongestFirst, OnlyFirst or OnlySecond");
    };
  }

  private static Side side(JsonObject section) {
    String side = section.string("direction", "Right");
    return switch (side) {
      case "Left" -> Side.LEFT;
      case "Right" -> Side.RIGHT;
      default -> throw section.error("direction", "is '" + side + "', expected Left or Right");
    };
  }

  @Nullable Padding padding() {
    JsonObject section = json.findObject("padding").orElse(null);
    if (section == null) {
      return null;
    }
    Fields.only(
        section,
        "strategy",
        "direction",
        "pad_to_multiple_of",
        "pad_id",
        "pad_type_id",
        "pad_token");
    int multiple = section.integer("pad_to_multiple_of", 1);
    return new Padding(
        side(section),
        section.integer("pad_id", 0),
        section.integer("pad_type_id", 0),
        fixedLength(section),
        Math.max(1, multiple));
  }

  private static int fixedLength(JsonObject section) {
    if (section.find("strategy").orElse(new JsonString("BatchLongest"))
        instanceof JsonString(String name)) {
      if (!name.equals("BatchLongest")) {
        throw section.error(
            "strategy", "is '" + name + "', expected BatchLongest or Fixed with a length");
      }
      return 0;
    }
    JsonObject fixed = section.object("strategy");
    Fields.only(fixed, "Fixed");
    int length = fixed.integer("Fixed");
    if (length < 1 || length > 1 << 24) {
      throw fixed.error("Fixed", "is %d, expected 1 to %d".formatted(length, 1 << 24));
    }
    return length;
  }

  /** How the unknown token is written; null if the model names none. */
  @Nullable String unknown() {
    return json.object("model")
        .find("unk_token")
        .map(value -> json.object("model").string("unk_token"))
        .orElse(null);
  }
}
