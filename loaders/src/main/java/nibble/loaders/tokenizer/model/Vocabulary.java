package nibble.loaders.tokenizer.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;
import org.jspecify.annotations.Nullable;

/** Tokens and their ids, in both directions. Ids may have gaps. Immutable. */
public final class Vocabulary {
  /** No id is larger. */
  public static final int LARGEST_ID = 9_999_999;

  /** No token has more UTF-16 units. */
  public static final int LONGEST_TOKEN = 4096;

  private final Map<String, Integer> ids;
  private final @Nullable String[] tokens;

  private Vocabulary(Map<String, Integer> ids, @Nullable String[] tokens) {
    this.ids = ids;
    this.tokens = tokens;
  }

  /**
   * The vocabulary in {@code key} of {@code json}, an object of ids by token.
   *
   * @throws nibble.loaders.BadFileException if an id is out of range or that of two tokens
   */
  public static Vocabulary of(JsonObject json, String key) {
    return of(json.object(key));
  }

  /** The vocabulary that {@code json} is. */
  public static Vocabulary of(JsonObject json) {
    Map<String, Integer> ids = HashMap.newHashMap(json.keys().size());
    int largest = -1;
    for (Map.Entry<String, JsonValue> entry : json.values().entrySet()) {
      int id = json.integer(entry.getKey());
      if (id < 0 || id > LARGEST_ID) {
        throw json.error(entry.getKey(), "has id %d, expected 0 to %d".formatted(id, LARGEST_ID));
      }
      if (entry.getKey().length() > LONGEST_TOKEN) {
        throw json.error(
            "has a token of %d characters (id %d), allowed are %d"
                .formatted(entry.getKey().length(), id, LONGEST_TOKEN));
      }
      ids.put(entry.getKey(), id);
      largest = Math.max(largest, id);
    }
    @Nullable String[] tokens = new @Nullable String[largest + 1];
    ids.forEach(
        (token, id) -> {
          if (tokens[id] != null) {
            throw json.error(
                "has id %d for two tokens, '%s' and '%s'".formatted(id, tokens[id], token));
          }
          tokens[id] = token;
        });
    return new Vocabulary(ids, tokens);
  }

  /** Tokens by position; of equal ones the last has the id. */
  public static Vocabulary of(List<String> tokens) {
    Map<String, Integer> ids = HashMap.newHashMap(tokens.size());
    for (int i = 0; i < tokens.size(); i++) {
      ids.put(tokens.get(i), i);
    }
    return new Vocabulary(ids, tokens.toArray(new @Nullable String[0]));
  }

  /** The id of {@code token}; -1 if there is none. */
  public int id(String token) {
    Integer id = ids.get(token);
    return id == null ? -1 : id;
  }

  /** The token with {@code id}; null if there is none. */
  public @Nullable String token(int id) {
    return id >= 0 && id < tokens.length ? tokens[id] : null;
  }

  /** Number of tokens. */
  public int size() {
    return ids.size();
  }

  /** One more than the largest id. */
  public int idLimit() {
    return tokens.length;
  }
}
