package nibble.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Code blocks that name a source are in it, and links of the guide lead somewhere. */
class PagesTest {
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)(?:#[^)]*)?\\)");

  private static final Pattern EXPORTS = Pattern.compile("exports nibble\\.([a-z0-9.]+)");

  @Test
  void codeBlocksAreInTheirSources() throws IOException {
    List<String> problems = new ArrayList<>();
    int blocks = 0;
    for (Path page : Pages.all()) {
      for (Excerpt excerpt : Excerpt.in(page, Files.readString(page))) {
        blocks++;
        problems.add(excerpt.problem(Pages.read(excerpt.source())));
      }
    }
    problems.removeIf(String::isEmpty);
    assertEquals("", String.join("\n", problems));
    assertTrue(blocks > 3, "only " + blocks + " code blocks were found");
  }

  @Test
  void everyMarkOfTheGuideHasItsBlock() throws IOException {
    for (Path page : Pages.all()) {
      String text = Files.readString(page);
      assertEquals(
          text.split("<!-- source:", -1).length - 1,
          Excerpt.in(page, text).size(),
          page.toString());
    }
  }

  @Test
  void linksOfTheGuideLeadToFiles() throws IOException {
    List<String> dead = new ArrayList<>();
    for (Path page : Pages.all()) {
      Matcher link = LINK.matcher(Files.readString(page));
      while (link.find()) {
        String target = link.group(1);
        if (!target.contains(":") && !Files.exists(page.resolveSibling(target))) {
          dead.add(page + " -> " + target);
        }
      }
    }
    assertEquals(List.of(), dead);
  }

  /** With or without the name of its module in front. */
  @Test
  void everyExportedPackageIsInTheTableOfModules() throws IOException {
    String page = Pages.read("docs/architecture.md");
    List<String> unnamed = new ArrayList<>();
    for (String module : List.of("kernels", "tensor", "nn", "loaders", "quant", "cli")) {
      Matcher exported = EXPORTS.matcher(Pages.read(module + "/src/main/java/module-info.java"));
      while (exported.find()) {
        String name = exported.group(1);
        String own = name.equals(module) ? module : name.substring(module.length());
        if (!page.contains("`" + name + "`")
            && !page.contains("`" + own + "`")
            && !page.contains("`" + own.substring(1) + "`")) {
          unnamed.add(name);
        }
      }
    }
    assertEquals(List.of(), unnamed);
  }

  @Test
  void differencesAreNoticed() {
    String file = "class A {\n  // region a\n  int x;\n\n  int y;\n  // endregion\n  int z;\n}\n";
    assertEquals("", block("#a", "int x;\n\nint y;").problem(file));
    assertFalse(block("#a", "int x;").problem(file).isEmpty());
    assertFalse(block("#b", "int x;").problem(file).isEmpty());
    assertEquals("", block("", "class A {\n...\n  int z;").problem(file));
    assertFalse(block("", "int z;\n...\nint x;").problem(file).isEmpty());
  }

  private static Excerpt block(String region, String code) {
    String page = "text\n<!-- source: A.java%s -->\n```java\n%s\n```\n".formatted(region, code);
    return Excerpt.in(Path.of("page.md"), page).getFirst();
  }
}
