package nibble.loaders.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.TokenizerConfig;
import nibble.testing.GoldenFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
  private static final ChatOptions OPTIONS = ChatOptions.at(LocalDateTime.of(2025, 1, 2, 3, 4, 5));
  private static final JsonArray HELLO =
      JsonArray.of(List.of(ChatTemplate.message("user", "Hello")));

  private static final JsonArray CASES =
      Json.readObject(GoldenFiles.of("chat/cases.json")).array("cases");

  private static String render(String template) {
    return ChatTemplate.of("t", template, TokenizerConfig.EMPTY).render(HELLO, OPTIONS);
  }

  @Test
  void templatesAreFoundInTheirPlaces(@TempDir Path folder) throws IOException {
    assertEquals(Optional.empty(), ChatTemplate.load(folder).map(t -> ""));
    Path config = folder.resolve("tokenizer_config.json");
    Files.writeString(
        config,
        "{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": \"</s>\", \"chat_template\": \"{{"
            + " bos_token }}{{ messages[0].content }}{{ eos_token }}\"}");
    assertEquals("<s>Hello</s>", ChatTemplate.load(folder).orElseThrow().render(HELLO, OPTIONS));
    assertTrue(ChatTemplate.load(folder, "tool_use").isEmpty());

    Files.writeString(
        config,
        "{\"chat_template\": [{\"name\": \"default\", \"template\": \"d\"}, {\"name\":"
            + " \"tool_use\", \"template\": \"{{ tools|length }}\"}]}");
    assertEquals("d", ChatTemplate.load(folder).orElseThrow().render(HELLO, OPTIONS));
    ChatOptions tools = OPTIONS.withVariables(Json.parseObject("x", "{\"tools\": [1, 2]}"));
    assertEquals("2", ChatTemplate.load(folder, "tool_use").orElseThrow().render(HELLO, tools));

    Files.writeString(folder.resolve("chat_template.jinja"), "own{{ add_generation_prompt }}\n");
    assertEquals(
        "ownFalse",
        ChatTemplate.load(folder)
            .orElseThrow()
            .render(HELLO, OPTIONS.withAddGenerationPrompt(false)));
    Files.createDirectories(folder.resolve("additional_chat_templates"));
    Files.writeString(folder.resolve("additional_chat_templates/rag.jinja"), "rag");
    assertEquals("rag", ChatTemplate.load(folder, "rag").orElseThrow().render(HELLO, OPTIONS));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '@',
      value = {
        "a{% include 'x' %} @ line 1: the statement 'include' is not supported",
        "{{ x|urlize }} @ line 1: the filter 'urlize' is not supported",
        "{{ x is prime }} @ line 1: the test 'prime' is not supported",
        "{% for a in b recursive %}{% endfor %} @ line 1: recursive loops are not supported",
        "{% break %} @ line 1: 'break' outside of a loop",
        "{{ f(*a) }} @ line 1: '*' and '**' arguments are not supported",
        "{{ 99999999999999999999 }} @ line 1: the integer 99999999999999999999 has more than 64"
            + " bits",
        "{# x @ line 1: a comment without an end",
        "{{ 'x @ line 1: a string without an end",
        "{{ ! }} @ line 1: the character '!' does not belong into an expression",
        "{% if x %}a @ line 1: the template ends where one of [elif, else, endif] was expected",
      })
  void unknownSyntaxIsRefusedWhenItIsRead(String template, String message) {
    String found =
        assertThrows(
                BadFileException.class,
                () -> ChatTemplate.of("f.json", template, TokenizerConfig.EMPTY))
            .getMessage();
    assertEquals("f.json: chat template, " + message, found);
  }

  @Test
  void errorsNameTheirLine() {
    String found =
        assertThrows(
                IllegalArgumentException.class,
                () -> render("a\n\n{{ 'x' }}\n{{ raise_exception('not so') }}"))
            .getMessage();
    assertEquals("t: chat template, line 4: the template refuses this conversation: not so", found);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{%"
            + " endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{%"
            + " endfor %}",
        "{{ 'x' * 999999999999 }}",
        "{{ ('x' * 9999999) ~ ('y' * 9999999) }}",
        "{{ range(10 ** 12) }}",
        "{{ 'a' * 9999999 |replace('a', 'b' * 9999) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(9999) %}{% set ns.s ="
            + " ns.s|replace('a', 'aa') %}{% endfor %}",
        "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = [ns.l, ns.l] %}{%"
            + " endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(40) %}{% set ns.l = [ns.l, ns.l] %}{%"
            + " endfor %}{{ ns.l|string|length }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(40) %}{% set ns.l = [ns.l, ns.l] %}{%"
            + " endfor %}{{ ns.l|tojson|length }}",
        "{% set ns = namespace(l=[], m=[]) %}{% for i in range(40) %}{% set ns.l = [ns.l, ns.l]"
            + " %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l == ns.m }}",
        "{% set ns = namespace(l=[], m=[]) %}{% for i in range(40) %}{% set ns.l = [ns.l, ns.l]"
            + " %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l < ns.m }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(40) %}{% set ns.l = [ns.l, ns.l] %}{%"
            + " endfor %}{{ {ns.l: 1} }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(40) %}{% set ns.l = [ns.l, ns.l] %}{%"
            + " endfor %}{{ {}[ns.l] }}",
        "{% set ns = namespace(s='x') %}{% for i in range(24) %}{% set ns.s = [ns.s, ns.s]|join"
            + " %}{% endfor %}{{ ns.s }}{{ ns.s }}",
      })
  void hostileTemplatesAreStopped(String template) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> assertThrows(IllegalArgumentException.class, () -> render(template), template));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(",
        "[",
        "{'a':",
        "-",
        "not ",
        "a if b else ",
        "x|first(",
        "{% if x %}",
        "a.b(",
        "a["
      })
  void deeplyNestedTemplatesAreRefused(String part) {
    String template =
        part.startsWith("{%") ? part.repeat(10_000) : "{{ " + part.repeat(10_000) + " }}";
    assertThrows(
        BadFileException.class, () -> ChatTemplate.of("t", template, TokenizerConfig.EMPTY));
  }

  /**
   * Whatever is cut out of, or put into, a real template: it renders, or it is refused in the two
   * ways that callers expect.
   */
  @Property(tries = 300)
  void damagedTemplatesNeverDoAnythingElse(
      @ForAll @IntRange(max = 56) int index,
      @ForAll @IntRange(max = 5000) int at,
      @ForAll @IntRange(max = 12) int cut) {
    JsonObject c = CASES.object(index);
    String template = c.string("template");
    int from = at % template.length();
    String damaged =
        template.substring(0, from) + template.substring(Math.min(template.length(), from + cut));
    try {
      ChatTemplate.of("t", damaged, TokenizerConfig.EMPTY)
          .render(
              c.object("variables").array("messages"),
              OPTIONS.withVariables(c.object("variables")));
    } catch (BadFileException | IllegalArgumentException e) {
      assertTrue(e.getMessage().startsWith("t: chat template, "), e.toString());
    }
  }
}
