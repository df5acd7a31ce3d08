package nibble.loaders.tokenizer.split;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.domains.Domain;
import net.jqwik.api.domains.DomainContext;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.UnicodeTexts;
import nibble.loaders.tokenizer.core.RegexPattern;
import nibble.loaders.tokenizer.core.Spans;

@Domain(DomainContext.Global.class)
@Domain(UnicodeTexts.class)
class Gpt2WordsTest {
  private static final JsonObject PATTERN =
      Json.parseObject(
          "p",
          "{\"r\": \"'s|'t|'re|'ve|'m|'ll|'d| ?\\\\p{L}+| ?\\\\p{N}+|"
              + " ?[^\\\\s\\\\p{L}\\\\p{N}]+|\\\\s+(?!\\\\S)|\\\\s+\"}");

  @Property
  void agreesWithTheRegularExpression(@ForAll String text) {
    assertEquals(parts(RegexPattern.of(PATTERN, "r").find(text)), parts(Gpt2Words.find(text)));
  }

  private static List<String> parts(Spans spans) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < spans.size(); i++) {
      parts.add(spans.from(i) + "-" + spans.to(i) + spans.isMarked(i));
    }
    return parts;
  }
}
