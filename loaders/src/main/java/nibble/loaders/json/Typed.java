package nibble.loaders.json;

import java.util.OptionalLong;

/** Conversions of one value at a known place, with errors that name the place. */
final class Typed {
  private Typed() {}

  static String string(JsonValue value, Place place) {
    if (value instanceof JsonString(String text)) {
      return text;
    }
    throw place.mismatch(value, "a string");
  }

  static boolean bool(JsonValue value, Place place) {
    if (value instanceof JsonBool(boolean flag)) {
      return flag;
    }
    throw place.mismatch(value, "true or false");
  }

  static long longInteger(JsonValue value, Place place) {
    if (value instanceof JsonNumber number) {
      OptionalLong exact = number.exactLong();
      if (exact.isPresent()) {
        return exact.getAsLong();
      }
    }
    throw place.mismatch(value, "an integer");
  }

  static int integer(JsonValue value, Place place) {
    long wide = longInteger(value, place);
    if (wide != (int) wide) {
      throw place.mismatch(value, "an integer of at most 32 bits");
    }
    return (int) wide;
  }

  static double number(JsonValue value, Place place) {
    if (value instanceof JsonNumber number) {
      double converted = number.doubleValue();
      if (Double.isFinite(converted)) {
        return converted;
      }
    }
    throw place.mismatch(value, "a finite number");
  }

  static JsonObject object(JsonValue value, Place place) {
    if (value instanceof JsonObject object) {
      return object;
    }
    throw place.mismatch(value, "an object");
  }

  static JsonArray array(JsonValue value, Place place) {
    if (value instanceof JsonArray array) {
      return array;
    }
    throw place.mismatch(value, "an array");
  }
}
