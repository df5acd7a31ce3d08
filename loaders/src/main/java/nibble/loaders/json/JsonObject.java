package nibble.loaders.json;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import nibble.loaders.BadFileException;

/**
 * A JSON object with keys in the order they were written.
 *
 * <p>Typed accessors throw {@link BadFileException} naming file and key when a key is missing or
 * its value has another type, for example {@code config.json: key 'hidden_size' is a string,
 * expected an integer}. Accessors with a fallback return it when the key is missing or {@code
 * null}; a value of another type is still an error.
 */
public final class JsonObject implements JsonValue {
  private final Map<String, JsonValue> values;
  private final Place place;

  JsonObject(Map<String, JsonValue> values, Place place) {
    this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    this.place = place;
  }

  /** The object without keys. */
  public static JsonObject empty() {
    return new JsonObject(Map.of(), Place.UNKNOWN);
  }

  /** Builds an object key by key. */
  public static Builder builder() {
    return new Builder();
  }

  /** The keys, in order. */
  public Set<String> keys() {
    return values.keySet();
  }

  /** Keys and values, in order; unmodifiable. */
  public Map<String, JsonValue> values() {
    return values;
  }

  /** Whether {@code key} is there and not {@code null}. */
  public boolean has(String key) {
    return find(key).isPresent();
  }

  /** The value of {@code key}; empty if it is missing or {@code null}. */
  public Optional<JsonValue> find(String key) {
    return Optional.ofNullable(values.get(key)).filter(value -> !(value instanceof JsonNull));
  }

  /** The value of {@code key}, which must be there. */
  public JsonValue get(String key) {
    JsonValue value = values.get(key);
    if (value == null) {
      throw place.key(key).error("is missing");
    }
    return value;
  }

  /**
   * The error {@code "file: key 'key' problem"}, for values that have the right type and a wrong
   * content.
   */
  public BadFileException error(String key, String problem) {
    return place.key(key).error(problem);
  }

  /** The error {@code "file: problem"}, for values that do not fit together. */
  public BadFileException error(String problem) {
    return place.error(problem);
  }

  /** The string of {@code key}. */
  public String string(String key) {
    return Typed.string(get(key), place.key(key));
  }

  /** The string of {@code key}, or {@code fallback}. */
  public String string(String key, String fallback) {
    return or(key, fallback, Typed::string);
  }

  /** The integer of {@code key}, at most 32 bits. */
  public int integer(String key) {
    return Typed.integer(get(key), place.key(key));
  }

  /** The integer of {@code key}, or {@code fallback}. */
  public int integer(String key, int fallback) {
    return or(key, fallback, Typed::integer);
  }

  /** The integer of {@code key}, at most 64 bits. */
  public long longInteger(String key) {
    return Typed.longInteger(get(key), place.key(key));
  }

  /** The integer of {@code key}, at most 64 bits, or {@code fallback}. */
  public long longInteger(String key, long fallback) {
    return or(key, fallback, Typed::longInteger);
  }

  /** The finite number of {@code key}. */
  public double number(String key) {
    return Typed.number(get(key), place.key(key));
  }

  /** The finite number of {@code key}, or {@code fallback}. */
  public double number(String key, double fallback) {
    return or(key, fallback, Typed::number);
  }

  /** The boolean of {@code key}. */
  public boolean bool(String key) {
    return Typed.bool(get(key), place.key(key));
  }

  /** The boolean of {@code key}, or {@code fallback}. */
  public boolean bool(String key, boolean fallback) {
    return or(key, fallback, Typed::bool);
  }

  /** The object of {@code key}. */
  public JsonObject object(String key) {
    return Typed.object(get(key), place.key(key));
  }

  /** The object of {@code key}; empty if the key is missing or {@code null}. */
  public Optional<JsonObject> findObject(String key) {
    return find(key).map(value -> Typed.object(value, place.key(key)));
  }

  /** The array of {@code key}. */
  public JsonArray array(String key) {
    return Typed.array(get(key), place.key(key));
  }

  /** The array of {@code key}; empty if the key is missing or {@code null}. */
  public Optional<JsonArray> findArray(String key) {
    return find(key).map(value -> Typed.array(value, place.key(key)));
  }

  /** The array of strings of {@code key}. */
  public List<String> strings(String key) {
    return array(key).strings();
  }

  /** This object with {@code key} set to {@code value}; an existing key keeps its position. */
  public JsonObject with(String key, JsonValue value) {
    Map<String, JsonValue> copy = new LinkedHashMap<>(values);
    copy.put(key, value);
    return new JsonObject(copy, place);
  }

  /** This object without {@code key}. */
  public JsonObject without(String key) {
    Map<String, JsonValue> copy = new LinkedHashMap<>(values);
    copy.remove(key);
    return new JsonObject(copy, place);
  }

  private <T> T or(String key, T fallback, BiFunction<JsonValue, Place, T> typed) {
    return find(key).map(value -> typed.apply(value, place.key(key))).orElse(fallback);
  }

  @Override
  public String kind() {
    return "an object";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof JsonObject object && values.equals(object.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return Json.compact(this);
  }

  /** Collects keys in order; setting a key twice is an error. */
  public static final class Builder {
    private final Map<String, JsonValue> values = new LinkedHashMap<>();

    private Builder() {}

    /** Adds a value. */
    public Builder put(String key, JsonValue value) {
      if (values.putIfAbsent(key, value) != null) {
        throw new IllegalArgumentException("key '" + key + "' is set twice");
      }
      return this;
    }

    /** Adds a string. */
    public Builder put(String key, String value) {
      return put(key, new JsonString(value));
    }

    /** Adds an integer. */
    public Builder put(String key, long value) {
      return put(key, JsonNumber.of(value));
    }

    /** Adds a finite number. */
    public Builder put(String key, double value) {
      return put(key, JsonNumber.of(value));
    }

    /** Adds a boolean. */
    public Builder put(String key, boolean value) {
      return put(key, new JsonBool(value));
    }

    /** The object. */
    public JsonObject build() {
      return new JsonObject(values, Place.UNKNOWN);
    }
  }
}
