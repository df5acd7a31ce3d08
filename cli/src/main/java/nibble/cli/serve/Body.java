package nibble.cli.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;

/**
 * The members of a request, each asked for once with its type. A member that nobody knows is
 * refused, so that a request that is not fully understood is not answered as if it were; members
 * that change no result are skipped.
 */
record Body(JsonObject json) {
  /** What clients send for their own book-keeping. */
  private static final Set<String> HARMLESS =
      Set.of("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key");

  /**
   * Refuses members other than {@code known} and those that change nothing.
   *
   * @throws HttpFailure at the first
   */
  void allow(Set<String> known) {
    for (String key : json.keys()) {
      if (!known.contains(key) && !HARMLESS.contains(key)) {
        throw HttpFailure.badParameter(key, "is not supported");
      }
    }
  }

  /** The member, unless it is missing or null. */
  Optional<JsonValue> find(String key) {
    return json.find(key).filter(value -> !(value instanceof JsonNull));
  }

  /** The member, which must be there. */
  JsonValue require(String key) {
    return find(key).orElseThrow(() -> HttpFailure.badParameter(key, "is missing"));
  }

  Optional<String> string(String key) {
    return find(key).map(value -> text(key, value));
  }

  static String text(String key, JsonValue value) {
    if (value instanceof JsonString string) {
      return string.value();
    }
    throw wrong(key, "a string", value);
  }

  /** One string, or a list of strings. */
  List<String> strings(String key) {
    Optional<JsonValue> value = find(key);
    if (value.isEmpty()) {
      return List.of();
    }
    if (!(value.get() instanceof JsonArray array)) {
      return List.of(text(key, value.get()));
    }
    List<String> all = new ArrayList<>();
    for (JsonValue element : array.values()) {
      all.add(text(key, element));
    }
    return all;
  }

  boolean flag(String key) {
    return find(key)
        .map(
            value -> {
              if (value instanceof JsonBool bool) {
                return bool.value();
              }
              throw wrong(key, "true or false", value);
            })
        .orElse(false);
  }

  Optional<Double> number(String key) {
    return find(key)
        .map(
            value -> {
              if (value instanceof JsonNumber number) {
                return number.doubleValue();
              }
              throw wrong(key, "a number", value);
            });
  }

  Optional<Long> integer(String key) {
    return number(key)
        .map(
            value -> {
              if (value != Math.rint(value) || Math.abs(value) > 1L << 53) {
                throw HttpFailure.badParameter(key, "is %s, expected an integer".formatted(value));
              }
              return Math.round(value);
            });
  }

  private static HttpFailure wrong(String key, String expected, JsonValue found) {
    return HttpFailure.badParameter(key, "is %s, expected %s".formatted(found.kind(), expected));
  }
}
