package nibble.loaders.json;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import nibble.loaders.BadFileException;
import org.jspecify.annotations.Nullable;

/**
 * Reads a document value by value, without building a tree: for documents with millions of keys.
 * The same strictness as {@link Json}.
 *
 * <pre>{@code
 * try (JsonStream in = JsonStream.of("vocab.json", bytes, JsonLimits.DEFAULTS)) {
 *   in.beginObject();
 *   for (String key = in.nextKey(); key != null; key = in.nextKey()) {
 *     ids.put(key, in.longInteger());
 *   }
 *   in.end();
 * }
 * }</pre>
 *
 * Every method throws {@link BadFileException} if the document is broken or holds something else at
 * this point. Not thread-safe.
 */
public final class JsonStream implements AutoCloseable {
  private final String source;
  private final JsonParser parser;

  private JsonStream(String source, JsonParser parser) {
    this.source = source;
    this.parser = parser;
  }

  /** A stream over UTF-8 text; {@code source} names it in error messages. */
  public static JsonStream of(String source, byte[] utf8, JsonLimits limits) {
    var reader =
        new InputStreamReader(new ByteArrayInputStream(utf8), StandardCharsets.UTF_8.newDecoder());
    try {
      return new JsonStream(source, JsonReader.factory(limits).createParser(reader));
    } catch (IOException e) {
      throw failure(source, e);
    }
  }

  /** Enters an object, which must come next. */
  public void beginObject() {
    expect(next(), JsonToken.START_OBJECT, "an object");
  }

  /**
   * The next key of the current object; null at its end, which is left. The value has to be read
   * next.
   */
  public @Nullable String nextKey() {
    return next() == JsonToken.END_OBJECT ? null : JsonReader.whole(source, name(), parser);
  }

  /** Enters an array, which must come next. */
  public void beginArray() {
    expect(next(), JsonToken.START_ARRAY, "an array");
  }

  /**
   * The next integer of the current array, which must hold only integers; null at its end, which is
   * left.
   */
  public @Nullable Long nextInteger() {
    return next() == JsonToken.END_ARRAY ? null : currentInteger();
  }

  /** A string, which must come next. */
  public String string() {
    expect(next(), JsonToken.VALUE_STRING, "a string");
    return JsonReader.whole(source, text(), parser);
  }

  /** An integer of at most 64 bits, which must come next. */
  public long longInteger() {
    next();
    return currentInteger();
  }

  /** Passes over one value of any kind. */
  public void skip() {
    next();
    try {
      parser.skipChildren();
    } catch (IOException e) {
      throw failure(source, e);
    }
  }

  /** Checks that nothing but white space follows. */
  public void end() {
    try {
      if (parser.nextToken() != null) {
        throw new BadFileException(
            source + ": text after the end of the JSON document" + JsonReader.line(parser));
      }
    } catch (IOException e) {
      throw failure(source, e);
    }
  }

  @Override
  public void close() {
    try {
      parser.close();
    } catch (IOException e) {
      throw failure(source, e);
    }
  }

  static BadFileException failure(String source, IOException e) {
    return switch (e) {
      case StreamConstraintsException c ->
          new BadFileException(
              source + ": JSON is larger than allowed: " + c.getOriginalMessage(), c);
      case JsonProcessingException p when p.getLocation() != null ->
          new BadFileException(
              "%s: not valid JSON (line %d, column %d): %s"
                  .formatted(
                      source,
                      p.getLocation().getLineNr(),
                      p.getLocation().getColumnNr(),
                      p.getOriginalMessage()),
              p);
      case CharacterCodingException c ->
          new BadFileException(source + ": is not valid UTF-8 text", c);
      default -> new BadFileException(source + ": not valid JSON: " + e.getMessage(), e);
    };
  }

  private JsonToken next() {
    try {
      JsonToken token = parser.nextToken();
      if (token == null) {
        throw new BadFileException(source + ": the document ends too early");
      }
      return token;
    } catch (IOException e) {
      throw failure(source, e);
    }
  }

  private long currentInteger() {
    expect(parser.currentToken(), JsonToken.VALUE_NUMBER_INT, "an integer");
    try {
      return Long.parseLong(text());
    } catch (NumberFormatException e) {
      throw new BadFileException(
          source + ": found an integer of more than 64 bits" + JsonReader.line(parser), e);
    }
  }

  private void expect(JsonToken found, JsonToken expected, String description) {
    if (found != expected) {
      String name =
          found == JsonToken.START_OBJECT
              ? "an object"
              : found == JsonToken.START_ARRAY ? "an array" : text();
      throw new BadFileException(
          source + ": found " + name + ", expected " + description + JsonReader.line(parser));
    }
  }

  private String name() {
    try {
      return parser.currentName();
    } catch (IOException e) {
      throw failure(source, e);
    }
  }

  private String text() {
    try {
      return parser.getText();
    } catch (IOException e) {
      throw failure(source, e);
    }
  }
}
