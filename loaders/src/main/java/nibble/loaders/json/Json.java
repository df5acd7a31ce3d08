package nibble.loaders.json;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import nibble.loaders.AtomicFile;
import nibble.loaders.BadFileException;

/**
 * Reads and writes JSON. Reading is strict: valid UTF-8, no duplicate keys, no NaN, nothing after
 * the document, limited depth, string length and document length ({@link JsonLimits}). Everything
 * that is wrong ends in a {@link BadFileException}.
 */
public final class Json {
  private Json() {}

  /** The value in {@code file}. */
  public static JsonValue read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return JsonReader.read(
          file.toString(),
          new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()),
          JsonLimits.DEFAULTS);
    } catch (IOException e) {
      throw BadFileException.reading(file, e);
    }
  }

  /** The object in {@code file}. */
  public static JsonObject readObject(Path file) {
    return Typed.object(read(file), Place.root(file.toString()));
  }

  /** The value in {@code text}; {@code source} names it in error messages. */
  public static JsonValue parse(String source, String text) {
    return parse(source, text, JsonLimits.DEFAULTS);
  }

  /** The value in {@code text} within {@code limits}; {@code source} names it in error messages. */
  public static JsonValue parse(String source, String text, JsonLimits limits) {
    try {
      return JsonReader.read(source, new StringReader(text), limits);
    } catch (IOException e) {
      throw new BadFileException(source + ": " + e.getMessage(), e);
    }
  }

  /** The object in {@code text}; {@code source} names it in error messages. */
  public static JsonObject parseObject(String source, String text) {
    return Typed.object(parse(source, text), Place.root(source));
  }

  /** {@code value} without any white space. */
  public static String compact(JsonValue value) {
    return JsonText.of(value, false);
  }

  /** {@code value} indented by two spaces, without a line feed at the end. */
  public static String pretty(JsonValue value) {
    return JsonText.of(value, true);
  }

  /**
   * Writes {@code value} indented, UTF-8, with a line feed at the end. The file appears whole or
   * not at all.
   *
   * @throws nibble.loaders.WriteFailedException if it cannot be written
   */
  public static void write(Path file, JsonValue value) {
    byte[] bytes = (pretty(value) + "\n").getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(file, bytes);
  }
}
