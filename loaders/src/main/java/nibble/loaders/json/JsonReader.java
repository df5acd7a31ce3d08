package nibble.loaders.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.loaders.BadFileException;

/** Reads one document from a character stream into a tree. */
final class JsonReader {
  private static final int NUMBER_LENGTH = 500;
  private static final int NAME_LENGTH = 50_000;

  private final String source;
  private final JsonParser parser;

  private JsonReader(String source, JsonParser parser) {
    this.source = source;
    this.parser = parser;
  }

  /**
   * The value in {@code text}, which must hold nothing else. Throws IOException only if {@code
   * text} does.
   */
  static JsonValue read(String source, Reader text, JsonLimits limits) throws IOException {
    try (JsonParser parser = factory(limits).createParser(text)) {
      return new JsonReader(source, parser).document();
    } catch (JsonProcessingException e) {
      throw JsonStream.failure(source, e);
    }
  }

  static JsonFactory factory(JsonLimits limits) {
    return JsonFactory.builder()
        .streamReadConstraints(
            StreamReadConstraints.builder()
                .maxDocumentLength(limits.characters())
                .maxNestingDepth(limits.depth())
                .maxStringLength(limits.stringLength())
                .maxNumberLength(NUMBER_LENGTH)
                .maxNameLength(NAME_LENGTH)
                .build())
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
        .build();
  }

  private JsonValue document() throws IOException {
    JsonToken first = parser.nextToken();
    if (first == null) {
      throw new BadFileException(source + ": the document is empty, expected JSON");
    }
    JsonValue value = value(first, Place.root(source));
    if (parser.nextToken() != null) {
      throw new BadFileException(source + ": text after the end of the JSON document" + line());
    }
    return value;
  }

  private JsonValue value(JsonToken token, Place place) throws IOException {
    return switch (token) {
      case START_OBJECT -> object(place);
      case START_ARRAY -> array(place);
      case VALUE_STRING -> new JsonString(checked(parser.getText()));
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new JsonNumber(parser.getText());
      case VALUE_TRUE -> new JsonBool(true);
      case VALUE_FALSE -> new JsonBool(false);
      case VALUE_NULL -> JsonNull.NULL;
      default -> throw new BadFileException(source + ": unexpected " + token + line());
    };
  }

  private JsonObject object(Place place) throws IOException {
    Map<String, JsonValue> values = new LinkedHashMap<>();
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_OBJECT;
        token = parser.nextToken()) {
      String key = checked(parser.currentName());
      values.put(key, value(parser.nextToken(), place.key(key)));
    }
    return new JsonObject(values, place);
  }

  private JsonArray array(Place place) throws IOException {
    List<JsonValue> values = new ArrayList<>();
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      values.add(value(token, place.index(values.size())));
    }
    return new JsonArray(values, place);
  }

  private String checked(String text) {
    return whole(source, text, parser);
  }

  private String line() {
    return line(parser);
  }

  /** Returns {@code text}; rejects half a surrogate pair, which no UTF-8 text can hold. */
  static String whole(String source, String text, JsonParser parser) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (Character.isLowSurrogate(c)
            || i + 1 == text.length()
            || !Character.isLowSurrogate(text.charAt(i + 1))) {
          throw new BadFileException(
              source
                  + ": string with half a surrogate pair"
                  + line(parser)
                  + ", expected whole characters");
        }
        i++;
      }
    }
    return text;
  }

  static String line(JsonParser parser) {
    return " (line %d, column %d)"
        .formatted(parser.currentLocation().getLineNr(), parser.currentLocation().getColumnNr());
  }
}
