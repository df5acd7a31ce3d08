package nibble.loaders.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.LocalDateTime;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.TokenizerConfig;
import nibble.testing.GoldenFiles;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What jinja2 makes of the same templates: {@code tests/golden/chat/generate.py}. */
class ChatTemplateGoldenTest {
  private static final LocalDateTime NOW = LocalDateTime.of(2025, 3, 7, 9, 5, 3);

  @TestFactory
  Stream<DynamicTest> templatesGiveWhatJinjaGives() {
    JsonObject golden = Json.readObject(GoldenFiles.of("chat/cases.json"));
    JsonArray cases = golden.array("cases");
    assertTrue(cases.size() > 100);
    return IntStream.range(0, cases.size())
        .mapToObj(
            i ->
                DynamicTest.dynamicTest(
                    i + " " + cases.object(i).string("name"),
                    () -> check(cases.object(i), golden.object("defaults"))));
  }

  private static void check(JsonObject c, JsonObject defaults) {
    JsonObject variables = c.findObject("variables").orElse(defaults);
    if (c.has("error")) {
      RuntimeException e =
          assertThrows(RuntimeException.class, () -> rendered(c, variables), c.string("error"));
      assertTrue(
          e instanceof BadFileException || e instanceof IllegalArgumentException, e.toString());
      assertTrue(e.getMessage().startsWith("t: chat template, line "), e.getMessage());
    } else {
      assertEquals(c.string("expected"), rendered(c, variables));
    }
  }

  private static String rendered(JsonObject c, JsonObject variables) {
    ChatTemplate template = ChatTemplate.of("t", c.string("template"), TokenizerConfig.EMPTY);
    JsonArray messages = variables.findArray("messages").orElse(JsonArray.of(java.util.List.of()));
    return template.render(messages, ChatOptions.at(NOW).withVariables(variables));
  }
}
