package nibble.loaders.json;

import java.util.Arrays;
import java.util.List;

/**
 * A JSON array. Accessors throw {@link nibble.loaders.BadFileException} naming file, key and index
 * if an element has another type.
 */
public final class JsonArray implements JsonValue {
  private final List<JsonValue> values;
  private final Place place;

  JsonArray(List<JsonValue> values, Place place) {
    this.values = List.copyOf(values);
    this.place = place;
  }

  /** An array of the given values. */
  public static JsonArray of(List<? extends JsonValue> values) {
    return new JsonArray(List.copyOf(values), Place.UNKNOWN);
  }

  /** An array of integers. */
  public static JsonArray ofInts(int... values) {
    return new JsonArray(
        Arrays.stream(values).<JsonValue>mapToObj(JsonNumber::of).toList(), Place.UNKNOWN);
  }

  /** An array of numbers, all finite. */
  public static JsonArray ofDoubles(double... values) {
    return new JsonArray(
        Arrays.stream(values).<JsonValue>mapToObj(JsonNumber::of).toList(), Place.UNKNOWN);
  }

  /** An array of strings. */
  public static JsonArray ofStrings(List<String> values) {
    return new JsonArray(values.stream().<JsonValue>map(JsonString::new).toList(), Place.UNKNOWN);
  }

  /** The elements, unmodifiable. */
  public List<JsonValue> values() {
    return values;
  }

  /** Number of elements. */
  public int size() {
    return values.size();
  }

  /** Element {@code index}. */
  public JsonValue get(int index) {
    return values.get(index);
  }

  /** Element {@code index}, which must be a string. */
  public String string(int index) {
    return Typed.string(values.get(index), place.index(index));
  }

  /** Element {@code index}, which must be an integer of at most 32 bits. */
  public int integer(int index) {
    return Typed.integer(values.get(index), place.index(index));
  }

  /** Element {@code index}, which must be an integer of at most 64 bits. */
  public long longInteger(int index) {
    return Typed.longInteger(values.get(index), place.index(index));
  }

  /** Element {@code index}, which must be a finite number. */
  public double number(int index) {
    return Typed.number(values.get(index), place.index(index));
  }

  /** Element {@code index}, which must be an object. */
  public JsonObject object(int index) {
    return Typed.object(values.get(index), place.index(index));
  }

  /** Element {@code index}, which must be an array. */
  public JsonArray array(int index) {
    return Typed.array(values.get(index), place.index(index));
  }

  /** All elements, which must be integers of at most 32 bits. */
  public int[] ints() {
    int[] result = new int[size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = integer(i);
    }
    return result;
  }

  /** All elements, which must be finite numbers. */
  public double[] doubles() {
    double[] result = new double[size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = number(i);
    }
    return result;
  }

  /** All elements, which must be strings. */
  public List<String> strings() {
    String[] result = new String[size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = string(i);
    }
    return List.of(result);
  }

  @Override
  public String kind() {
    return "an array";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof JsonArray array && values.equals(array.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return Json.compact(this);
  }
}
