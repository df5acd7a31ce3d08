package nibble.loaders.gguf;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads keys and values. Numbers of value types: 0 to 5 integers of 8 to 32 bits, 6 F32, 7 bool, 8
 * string, 9 array, 10 and 11 64 bits, 12 F64.
 */
final class MetadataReader {
  private static final int LONGEST_KEY = 65_535;
  private static final int LONGEST_STRING = 16_000_000;
  private static final int LONGEST_ARRAY = 50_000_000;
  private static final int F32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;
  private static final int U64 = 10;
  private static final int F64 = 12;

  private final Cursor in;

  private MetadataReader(Cursor in) {
    this.in = in;
  }

  static Map<String, GgufValue> read(Cursor in, int count) {
    MetadataReader reader = new MetadataReader(in);
    Map<String, GgufValue> values = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      String key = in.string("a key", LONGEST_KEY);
      if (values.put(key, reader.value(key, in.fourBytes("key '" + key + "'"))) != null) {
        throw in.error("has two keys '" + key + "'");
      }
    }
    return values;
  }

  private GgufValue value(String key, int type) {
    return switch (type) {
      case F32, F64 -> new GgufValue.Real(real(key, type));
      case BOOL -> new GgufValue.Bool(in.oneByte("key '" + key + "'") != 0);
      case STRING -> new GgufValue.Text(in.string("key '" + key + "'", LONGEST_STRING));
      case ARRAY -> array(key);
      default -> new GgufValue.Int(integer(key, type));
    };
  }

  private GgufValue array(String key) {
    int type = in.fourBytes("key '" + key + "'");
    int count = in.count("elements of key '" + key + "'", leastBytes(key, type), LONGEST_ARRAY);
    return switch (type) {
      case STRING -> texts(key, count);
      case F32, F64 -> reals(key, type, count);
      default -> ints(key, type, count);
    };
  }

  private GgufValue texts(String key, int count) {
    String[] texts = new String[count];
    for (int i = 0; i < count; i++) {
      texts[i] = in.string("key '" + key + "'", LONGEST_STRING);
    }
    return new GgufValue.Texts(List.of(texts));
  }

  private GgufValue reals(String key, int type, int count) {
    float[] reals = new float[count];
    for (int i = 0; i < count; i++) {
      reals[i] = (float) real(key, type);
    }
    return new GgufValue.Reals(reals);
  }

  private GgufValue ints(String key, int type, int count) {
    long[] ints = new long[count];
    for (int i = 0; i < count; i++) {
      ints[i] = type == BOOL ? in.oneByte("key '" + key + "'") : integer(key, type);
    }
    return new GgufValue.Ints(ints);
  }

  private int leastBytes(String key, int type) {
    return switch (type) {
      case 0, 1, BOOL -> 1;
      case 2, 3 -> 2;
      case 4, 5, F32 -> 4;
      case STRING, U64, 11, F64 -> 8;
      case ARRAY ->
          throw in.error("key '" + key + "' is an array of arrays, which is not supported");
      default -> throw unknown(key, type);
    };
  }

  private double real(String key, int type) {
    String what = "key '" + key + "'";
    return type == F32
        ? Float.intBitsToFloat(in.fourBytes(what))
        : Double.longBitsToDouble(in.eightBytes(what));
  }

  private long integer(String key, int type) {
    String what = "key '" + key + "'";
    long value =
        switch (type) {
          case 0 -> in.oneByte(what) & 0xFF;
          case 1 -> in.oneByte(what);
          case 2 -> in.twoBytes(what) & 0xFFFF;
          case 3 -> in.twoBytes(what);
          case 4 -> in.fourBytes(what) & 0xFFFF_FFFFL;
          case 5 -> in.fourBytes(what);
          case U64, 11 -> in.eightBytes(what);
          default -> throw unknown(key, type);
        };
    if (type == U64 && value < 0) {
      throw in.error(
          "key '%s' is %s, which is more than 63 bits"
              .formatted(key, Long.toUnsignedString(value)));
    }
    return value;
  }

  private RuntimeException unknown(String key, int type) {
    return in.error(
        "key '%s' has value type %s, expected 0 to %d"
            .formatted(key, Integer.toUnsignedString(type), F64));
  }
}
