package nibble.loaders.safetensors;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import nibble.loaders.BadFileException;
import nibble.loaders.json.JsonLimits;
import nibble.loaders.json.JsonStream;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** Reads the JSON of a header and checks each tensor on its own. */
final class HeaderReader {
  private static final JsonLimits LIMITS = new JsonLimits(Header.LONGEST, 16, 16_000_000);
  private static final Map<String, DType> DTYPES =
      Arrays.stream(DType.values())
          .collect(Collectors.toUnmodifiableMap(DType::name, dtype -> dtype));

  private final Path file;
  private final JsonStream in;

  private HeaderReader(Path file, JsonStream in) {
    this.file = file;
    this.in = in;
  }

  static Header read(Path file, byte[] json) {
    if (json.length == 0 || json[0] != '{') {
      throw BadFileException.of(file, "the header does not begin with '{'; not a safetensors file");
    }
    try (JsonStream in = JsonStream.of(file + ": header", json, LIMITS)) {
      return new HeaderReader(file, in).header();
    }
  }

  private Header header() {
    List<Entry> entries = new ArrayList<>();
    Map<String, String> metadata = Map.of();
    in.beginObject();
    for (String key = in.nextKey(); key != null; key = in.nextKey()) {
      if (key.equals(Header.METADATA)) {
        metadata = metadata();
      } else {
        entries.add(entry(key));
      }
    }
    in.end();
    return new Header(entries, metadata);
  }

  private Map<String, String> metadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    in.beginObject();
    for (String key = in.nextKey(); key != null; key = in.nextKey()) {
      metadata.put(key, in.string());
    }
    return Collections.unmodifiableMap(metadata);
  }

  private Entry entry(String name) {
    String dtype = null;
    long[] shape = null;
    long[] offsets = null;
    in.beginObject();
    for (String key = in.nextKey(); key != null; key = in.nextKey()) {
      switch (key) {
        case "dtype" -> dtype = in.string();
        case "shape" -> shape = integers();
        case "data_offsets" -> offsets = integers();
        default -> in.skip();
      }
    }
    return checked(
        name,
        required(name, "dtype", dtype),
        required(name, "shape", shape),
        required(name, "data_offsets", offsets));
  }

  private long[] integers() {
    List<Long> values = new ArrayList<>();
    in.beginArray();
    for (Long value = in.nextInteger(); value != null; value = in.nextInteger()) {
      values.add(value);
    }
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  private Entry checked(String name, String dtypeName, long[] dims, long[] offsets) {
    DType dtype = DTYPES.get(dtypeName);
    if (dtype == null) {
      throw error(
          name,
          "has dtype '%s', expected one of %s"
              .formatted(dtypeName, Arrays.toString(DType.values())));
    }
    if (offsets.length != 2 || offsets[0] < 0 || offsets[1] < offsets[0]) {
      throw error(
          name,
          "has data_offsets %s, expected [begin, end] with 0 <= begin <= end"
              .formatted(Arrays.toString(offsets)));
    }
    Shape shape = shape(name, dims);
    long expected = bytes(name, shape, dtype);
    if (offsets[1] - offsets[0] != expected) {
      throw error(
          name,
          "is %s %s, which takes %d bytes, but its data_offsets [%d, %d] hold %d"
              .formatted(dtype, shape, expected, offsets[0], offsets[1], offsets[1] - offsets[0]));
    }
    return new Entry(name, dtype, shape, offsets[0], offsets[1]);
  }

  private Shape shape(String name, long[] dims) {
    for (long dim : dims) {
      if (dim < 0 || dim > Integer.MAX_VALUE) {
        throw error(name, "has dimension %d, expected 0 to %d".formatted(dim, Integer.MAX_VALUE));
      }
    }
    try {
      return Shape.of(Arrays.stream(dims).mapToInt(dim -> (int) dim).toArray());
    } catch (ArithmeticException e) {
      throw tooLarge(name, Arrays.toString(dims), e);
    }
  }

  private long bytes(String name, Shape shape, DType dtype) {
    try {
      return Math.multiplyExact(shape.size(), dtype.bytes());
    } catch (ArithmeticException e) {
      throw tooLarge(name, shape.toString(), e);
    }
  }

  private BadFileException tooLarge(String name, String shape, ArithmeticException e) {
    return new BadFileException(
        file + ": tensor '" + name + "' has shape " + shape + ", whose size overflows 64 bits", e);
  }

  private <T> T required(String name, String key, @Nullable T value) {
    if (value == null) {
      throw error(name, "has no '" + key + "'");
    }
    return value;
  }

  private BadFileException error(String name, String problem) {
    return BadFileException.of(file, "tensor '" + name + "' " + problem);
  }
}
