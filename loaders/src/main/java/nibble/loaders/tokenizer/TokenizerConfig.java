package nibble.loaders.tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.loaders.tokenizer.model.Vocabulary;
import org.jspecify.annotations.Nullable;

/**
 * What the files beside a tokenizer say; each may be empty.
 *
 * @param config {@code tokenizer_config.json}
 * @param specialTokens {@code special_tokens_map.json}
 * @param addedTokens {@code added_tokens.json}
 */
public record TokenizerConfig(JsonObject config, JsonObject specialTokens, JsonObject addedTokens) {
  /** Nothing. */
  public static final TokenizerConfig EMPTY =
      new TokenizerConfig(JsonObject.empty(), JsonObject.empty(), JsonObject.empty());

  /** Lengths from here on are placeholders: transformers writes 1e30 where it knows none. */
  private static final double NO_LENGTH = 1e9;

  private static final List<String> ROLES =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  /** The files in {@code folder}; those that are missing are empty. */
  public static TokenizerConfig read(Path folder) {
    return new TokenizerConfig(
        readIfThere(folder.resolve("tokenizer_config.json")),
        readIfThere(folder.resolve("special_tokens_map.json")),
        readIfThere(folder.resolve("added_tokens.json")));
  }

  private static JsonObject readIfThere(Path file) {
    return Files.exists(file) ? Json.readObject(file) : JsonObject.empty();
  }

  /**
   * The class of the tokenizer without {@code Fast} and {@code Tokenizer}; empty if none is named.
   */
  String family() {
    return config
        .string("tokenizer_class", "")
        .replace("TokenizerFast", "")
        .replace("Tokenizer", "");
  }

  /**
   * How the token with {@code role}, such as {@code bos_token}, is written; null if none is named.
   */
  @Nullable String content(String role) {
    String named = content(config, role);
    return named == null ? content(specialTokens, role) : named;
  }

  private static @Nullable String content(JsonObject json, String role) {
    JsonValue value = json.find(role).orElse(null);
    if (value == null) {
      return null;
    }
    return value instanceof JsonString(String text) ? text : json.object(role).string("content");
  }

  /** How the tokens with a role are written, by role: {@code bos_token}, {@code eos_token} ... */
  public Map<String, String> roles() {
    Map<String, String> roles = new LinkedHashMap<>();
    for (String role : ROLES) {
      String content = content(role);
      if (content != null) {
        roles.put(role, content);
      }
    }
    return roles;
  }

  /** All tokens that have a role, or that {@code additional_special_tokens} lists. */
  List<String> specialContents() {
    List<String> contents = new ArrayList<>();
    contents.addAll(roles().values());
    for (JsonObject json : List.of(config, specialTokens)) {
      JsonArray more = json.findArray("additional_special_tokens").orElse(JsonArray.of(List.of()));
      for (int i = 0; i < more.size(); i++) {
        contents.add(
            more.get(i) instanceof JsonString(String text)
                ? text
                : more.object(i).string("content"));
      }
    }
    return contents.stream().distinct().toList();
  }

  /** The added tokens that these files name, for files that have no list of their own. */
  List<AddedToken> added(Vocabulary vocabulary) {
    List<AddedToken> tokens = new ArrayList<>();
    List<String> special = specialContents();
    for (Map.Entry<String, JsonValue> entry : addedTokens.values().entrySet()) {
      int id = addedTokens.integer(entry.getKey());
      if (id < 0
          || id > Vocabulary.LARGEST_ID
          || entry.getKey().isEmpty()
          || entry.getKey().length() > Vocabulary.LONGEST_TOKEN) {
        throw addedTokens.error(
            entry.getKey(),
            "has id %d, expected 0 to %d and a token that is not empty"
                .formatted(id, Vocabulary.LARGEST_ID));
      }
      boolean isSpecial = special.contains(entry.getKey());
      tokens.add(new AddedToken(id, entry.getKey(), false, false, false, !isSpecial, isSpecial));
    }
    JsonObject listed = config.findObject("added_tokens_decoder").orElse(JsonObject.empty());
    for (String key : listed.keys()) {
      tokens.add(AddedToken.of(listed.object(key), id(listed, key)));
    }
    for (String content : special) {
      int id = vocabulary.id(content);
      if (id >= 0 && !content.isEmpty()) {
        tokens.add(AddedToken.special(id, content));
      }
    }
    return tokens;
  }

  private static int id(JsonObject listed, String key) {
    try {
      return Integer.parseInt(key);
    } catch (NumberFormatException _) {
      throw listed.error(key, "is not a token id");
    }
  }

  Side side(String key) {
    String side = config.string(key, "right");
    return switch (side) {
      case "left" -> Side.LEFT;
      case "right" -> Side.RIGHT;
      default -> throw config.error(key, "is '" + side + "', expected left or right");
    };
  }

  /** {@code model_max_length}, where it is one. */
  OptionalInt maxLength() {
    double length = config.number("model_max_length", NO_LENGTH);
    return length >= 1 && length < NO_LENGTH ? OptionalInt.of((int) length) : OptionalInt.empty();
  }
}
