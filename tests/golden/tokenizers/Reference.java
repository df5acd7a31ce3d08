import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Adds what the Rust library makes of the texts in definitions.json; see define.py. Offsets count
 * code points.
 */
public class Reference {
  public static void main(String[] args) throws Exception {
    JsonObject definitions =
        JsonParser.parseString(Files.readString(Path.of(args[0]))).getAsJsonObject();
    JsonObject out = new JsonObject();
    out.addProperty("made_with", "tokenizers 0.21 in ai.djl.huggingface:tokenizers:0.33.0");
    JsonArray texts = null;
    for (String kind : definitions.keySet()) {
      JsonArray list = new JsonArray();
      for (JsonElement e : definitions.getAsJsonArray(kind)) {
        JsonObject c = e.getAsJsonObject();
        Path file = Files.createTempFile("tokenizer", ".json");
        Files.writeString(file, c.get("tokenizer").toString());
        HuggingFaceTokenizer t;
        try {
          t =
              HuggingFaceTokenizer.newInstance(
                  file, Map.of("truncation", "false", "padding", "false"));
        } catch (RuntimeException x) {
          System.err.println(c.get("name") + ": " + x.getMessage());
          continue;
        }
        JsonObject result = new JsonObject();
        result.add("name", c.get("name"));
        if (kind.equals("pieces")) {
          result.add("normalizer", c.getAsJsonObject("tokenizer").get("normalizer"));
          result.add("pre_tokenizer", c.getAsJsonObject("tokenizer").get("pre_tokenizer"));
        } else {
          result.add("tokenizer", c.get("tokenizer"));
        }
        texts = c.getAsJsonArray("texts");
        JsonArray expected = new JsonArray();
        for (JsonElement text : texts) {
          Encoding encoding = t.encode(text.getAsString(), kind.equals("full"), false);
          expected.add(
              kind.equals("pieces") ? pieces(encoding) : full(text.getAsString(), t, encoding));
        }
        if (c.has("pairs")) {
          for (JsonElement pair : c.getAsJsonArray("pairs")) {
            JsonArray two = pair.getAsJsonArray();
            JsonObject one =
                full(
                    two.get(0).getAsString(),
                    t,
                    t.encode(two.get(0).getAsString(), two.get(1).getAsString()));
            one.add("pair", two.get(1));
            expected.add(one);
          }
        }
        result.add("expected", expected);
        list.add(result);
      }
      out.add(kind, list);
      if (kind.equals("pieces")) {
        out.add("texts", texts);
      }
    }
    Gson gson = new GsonBuilder().disableHtmlEscaping().serializeNulls().create();
    String json =
        gson.toJson(out)
            .replace("},{\"name\"", "},\n{\"name\"")
            .replace(",\"expected\":", ",\n \"expected\":");
    Files.writeString(Path.of(args[1]), json + "\n");
    System.exit(0);
  }

  private static JsonArray pieces(Encoding encoding) {
    JsonArray pieces = new JsonArray();
    for (int i = 0; i < encoding.getIds().length; i++) {
      pieces.add(encoding.getTokens()[i]);
      CharSpan span = encoding.getCharTokenSpans()[i];
      pieces.add(span.getStart());
      pieces.add(span.getEnd());
    }
    return pieces;
  }

  private static JsonObject full(String text, HuggingFaceTokenizer t, Encoding encoding) {
    JsonObject result = new JsonObject();
    result.addProperty("text", text);
    result.add("ids", longs(encoding.getIds()));
    result.add("type_ids", longs(encoding.getTypeIds()));
    result.add("special", longs(encoding.getSpecialTokenMask()));
    JsonArray offsets = new JsonArray();
    for (CharSpan span : encoding.getCharTokenSpans()) {
      offsets.add(span == null ? 0 : span.getStart());
      offsets.add(span == null ? 0 : span.getEnd());
    }
    result.add("offsets", offsets);
    result.addProperty("decoded", t.decode(encoding.getIds(), false));
    result.addProperty("skipped", t.decode(encoding.getIds(), true));
    return result;
  }

  private static JsonArray longs(long[] values) {
    JsonArray array = new JsonArray();
    for (long v : values) {
      array.add(v);
    }
    return array;
  }
}
