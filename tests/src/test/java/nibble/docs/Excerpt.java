package nibble.docs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A code block of a page that claims to come from a source file: {@code <!-- source: path -->} on
 * the line before it. With {@code path#name} it is the whole region between {@code // region name}
 * and {@code // endregion}; without, lines of the file, where a line that holds only {@code ...}
 * leaves some out.
 *
 * @param page where it stands
 * @param source path of the file in the repository
 * @param region name of a region; null for lines of the file
 * @param code the block
 */
record Excerpt(Path page, String source, @Nullable String region, String code) {
  private static final Pattern BLOCK =
      Pattern.compile(
          "<!-- source: ([^\\s#]+)(?:#([\\w-]+))? -->\\s*\\n *```java\\n(.*?)\\n *```",
          Pattern.DOTALL);

  static List<Excerpt> in(Path page, String text) {
    List<Excerpt> excerpts = new ArrayList<>();
    Matcher block = BLOCK.matcher(text);
    while (block.find()) {
      excerpts.add(new Excerpt(page, block.group(1), block.group(2), block.group(3)));
    }
    return excerpts;
  }

  /** What is wrong with this block, given the content of its source; empty if nothing is. */
  String problem(String file) {
    return region == null ? problemOfLines(file) : problemOfRegion(file, region);
  }

  private String problemOfRegion(String file, String name) {
    Matcher found =
        Pattern.compile("// region " + name + "\\n(.*?)\\n[ ]*// endregion", Pattern.DOTALL)
            .matcher(file);
    if (!found.find()) {
      return "%s: %s has no region '%s'".formatted(page, source, name);
    }
    return plain(found.group(1)).equals(plain(code))
        ? ""
        : "%s: the block differs from %s#%s, which is now:%n%s"
            .formatted(page, source, name, plain(found.group(1)));
  }

  private String problemOfLines(String file) {
    String lines = withoutIndent(file);
    int at = 0;
    for (String part : withoutIndent(code).split("(?m)^\\.\\.\\.$")) {
      int found = lines.indexOf(part.strip(), at);
      if (found < 0) {
        return "%s: %s does not hold, at this place:%n%s".formatted(page, source, part.strip());
      }
      at = found + part.strip().length();
    }
    return "";
  }

  /** Lines without the indentation that all of them share. */
  private static String plain(String text) {
    return text.stripTrailing().stripIndent().strip();
  }

  /** Lines without any indentation. */
  private static String withoutIndent(String text) {
    return String.join("\n", Arrays.stream(text.split("\n", -1)).map(String::strip).toList());
  }
}
