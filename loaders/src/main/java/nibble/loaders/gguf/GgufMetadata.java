package nibble.loaders.gguf;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import nibble.loaders.BadFileException;

/**
 * The keys and values of a file, in their order. Accessors throw {@link BadFileException} for a
 * value of another kind.
 */
public final class GgufMetadata {
  private final String source;
  private final Map<String, GgufValue> values;

  GgufMetadata(String source, Map<String, GgufValue> values) {
    this.source = source;
    this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** What to call the file in an error message. */
  String source() {
    return source;
  }

  /** The keys. */
  public Set<String> keys() {
    return values.keySet();
  }

  /** Whether {@code key} is there. */
  public boolean has(String key) {
    return values.containsKey(key);
  }

  /** A string; a file without it is an error. */
  public String string(String key) {
    return findString(key).orElseThrow(() -> missing(key));
  }

  /** A string, if the key is there. */
  public Optional<String> findString(String key) {
    return find(
        key,
        "a string",
        v -> v instanceof GgufValue.Text(String text) ? Optional.of(text) : Optional.empty());
  }

  /** An integer of 32 bits; a file without it is an error. */
  public int integer(String key) {
    return findInteger(key).orElseThrow(() -> missing(key));
  }

  /** An integer of 32 bits, if the key is there. */
  public Optional<Integer> findInteger(String key) {
    return find(
        key,
        "an integer of 32 bits",
        v ->
            v instanceof GgufValue.Int(long i) && i == (int) i
                ? Optional.of((int) i)
                : Optional.empty());
  }

  /** A number, if the key is there. */
  public Optional<Double> findNumber(String key) {
    return find(
        key,
        "a number",
        v ->
            switch (v) {
              case GgufValue.Real(double d) when Double.isFinite(d) -> Optional.of(d);
              case GgufValue.Int(long i) -> Optional.of((double) i);
              default -> Optional.empty();
            });
  }

  /** A boolean, if the key is there. */
  public Optional<Boolean> findBool(String key) {
    return find(
        key,
        "a boolean",
        v -> v instanceof GgufValue.Bool(boolean b) ? Optional.of(b) : Optional.empty());
  }

  /** An array of strings, if the key is there. */
  public Optional<List<String>> findStrings(String key) {
    return find(
        key,
        "an array of strings",
        v ->
            v instanceof GgufValue.Texts(List<String> texts)
                ? Optional.of(texts)
                : Optional.empty());
  }

  /** An array of numbers, if the key is there. */
  public Optional<float[]> findNumbers(String key) {
    return find(
        key,
        "an array of numbers",
        v -> v instanceof GgufValue.Reals(float[] reals) ? Optional.of(reals) : Optional.empty());
  }

  /** An array of integers, if the key is there. */
  public Optional<long[]> findIntegers(String key) {
    return find(
        key,
        "an array of integers",
        v -> v instanceof GgufValue.Ints(long[] ints) ? Optional.of(ints) : Optional.empty());
  }

  private <T> Optional<T> find(
      String key, String expected, Function<GgufValue, Optional<T>> typed) {
    GgufValue value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    Optional<T> result = typed.apply(value);
    if (result.isEmpty()) {
      throw error(key, "is " + value.kind() + ", expected " + expected);
    }
    return result;
  }

  private BadFileException missing(String key) {
    return error(key, "is missing");
  }

  /** The error {@code "file: key 'key' problem"}. */
  public BadFileException error(String key, String problem) {
    return new BadFileException("%s: key '%s' %s".formatted(source, key, problem));
  }
}
