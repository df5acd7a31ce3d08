package nibble.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import nibble.quant.recipe.Recipe;
import org.junit.jupiter.api.Test;

/** {@code docs/methods.md} says what the catalogue says. */
class MethodsPageTest {
  private static final Pattern SECTION =
      Pattern.compile("(?m)^### `([^`]+)`(.*?)(?=^##|\\z)", Pattern.DOTALL | Pattern.MULTILINE);

  private final MethodCatalogue catalogue = MethodCatalogue.standard();

  private static Map<String, String> sections() throws IOException {
    Map<String, String> sections = new LinkedHashMap<>();
    Matcher section = SECTION.matcher(Pages.read("docs/methods.md"));
    while (section.find()) {
      sections.put(section.group(1), section.group(2));
    }
    return sections;
  }

  /** Cells of the table rows that begin with a name in backquotes. */
  private static List<List<String>> rows(String section) {
    return section
        .lines()
        .filter(line -> line.startsWith("| `"))
        .map(
            line ->
                Arrays.stream(line.substring(1, line.lastIndexOf('|')).split("(?<!\\\\)\\|"))
                    .map(cell -> cell.strip().replace("\\|", "|"))
                    .toList())
        .toList();
  }

  @Test
  void everyMethodHasItsSection() throws IOException {
    assertEquals(
        catalogue.cards().stream().map(MethodCard::name).toList(),
        List.copyOf(sections().keySet()));
  }

  @Test
  void sectionsAgreeWithTheCards() throws IOException {
    Map<String, String> sections = sections();
    for (MethodCard card : catalogue.cards()) {
      String section = String.valueOf(sections.get(card.name()));
      for (String fact :
          List.of(
              card.title(),
              card.paper(),
              card.needs(),
              card.whenToChoose(),
              String.join(", ", card.packedSchemes()))) {
        assertTrue(section.contains(fact), card.name() + ": the page does not say '" + fact + "'");
      }
      List<List<String>> expected = new ArrayList<>();
      for (MethodOption option : card.options()) {
        expected.add(
            List.of(
                "`" + option.name() + "`",
                option.accepts(),
                String.valueOf(option.defaultValue()),
                option.description()));
      }
      assertEquals(expected, rows(section), card.name());
    }
  }

  @Test
  void namesAndOptionsOfEveryRecipeAreAccepted() throws IOException {
    String page = Pages.read("docs/methods.md");
    List<String> methods =
        rows(part(page, "## Names")).stream()
            .map(List::getFirst)
            .map(MethodsPageTest::bare)
            .toList();
    for (MethodCard card : catalogue.cards()) {
      assertTrue(methods.contains(card.name()), "names: " + methods);
      assertTrue(
          catalogue.isModelMethod(card.name()) || methods.contains("hadamard+" + card.name()),
          "names: " + methods);
    }
    Scheme scheme = Scheme.parse("W4A8 a:static");
    for (String method : methods) {
      assertTrue(!recipe(method, Map.of(), Scheme.parse("W4A8")).steps().isEmpty());
    }
    List<List<String>> options = rows(part(page, "## Options of every method"));
    assertEquals(
        List.of("edge-bits", "embedding-bits", "per-channel", "keep", "observer"),
        options.stream().map(List::getFirst).map(MethodsPageTest::bare).toList());
    for (List<String> option : options) {
      Matcher value = Pattern.compile("`([^`]+)`").matcher(option.get(1));
      while (value.find()) {
        assertEquals(
            2,
            recipe("rtn", Map.of(bare(option.getFirst()), value.group(1)), scheme).steps().size());
      }
      assertEquals(
          recipe("rtn", Map.of(), scheme),
          recipe("rtn", Map.of(bare(option.getFirst()), bare(option.get(2))), scheme));
    }
  }

  private Recipe recipe(String method, Map<String, String> options, Scheme scheme) {
    return Presets.recipe(catalogue, method, options, scheme, 0);
  }

  private static String bare(String cell) {
    return cell.replace("`", "");
  }

  private static String part(String page, String heading) {
    int from = page.indexOf("\n" + heading + "\n");
    assertTrue(from >= 0, heading);
    int to = page.indexOf("\n## ", from + 1);
    return page.substring(from, to < 0 ? page.length() : to);
  }
}
