package nibble.loaders.tokenizer.split;

import java.util.List;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.Fields;
import nibble.loaders.tokenizer.core.TextPattern;
import nibble.loaders.tokenizer.normalize.Prepend;

/**
 * Writes spaces as a visible character, usually U+2581, puts one in front, and cuts before each.
 *
 * @param replacement the visible character
 * @param prepend where one is put in front
 * @param split whether text is cut
 */
public record Metaspace(char replacement, Prepended prepend, boolean split)
    implements TextSplitter {
  /** Which pieces of text get the character in front, unless they begin with it. */
  public enum Prepended {
    /** None. */
    NEVER,
    /** The one that the text begins with. */
    FIRST,
    /** All. */
    ALWAYS
  }

  /**
   * Reads the fields of the pre-tokenizer, and of the decoder of the same name, of old and new
   * files.
   */
  public static Metaspace of(JsonObject json) {
    Fields.only(json, "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep");
    int replacement = Fields.character(json, "replacement");
    if (replacement > Character.MAX_VALUE) {
      throw json.error(
          "replacement", "is outside the basic multilingual plane, which is not supported");
    }
    return new Metaspace((char) replacement, prepended(json), json.bool("split", true));
  }

  private static Prepended prepended(JsonObject json) {
    boolean prefix = json.bool("add_prefix_space", true);
    String scheme = json.string("prepend_scheme", prefix ? "always" : "never");
    if (!prefix && !scheme.equals("never")) {
      throw json.error(
          "prepend_scheme", "is '" + scheme + "', which contradicts add_prefix_space = false");
    }
    return switch (scheme) {
      case "never" -> Prepended.NEVER;
      case "first" -> Prepended.FIRST;
      case "always" -> Prepended.ALWAYS;
      default ->
          throw json.error(
              "prepend_scheme", "is '" + scheme + "', expected never, first or always");
    };
  }

  @Override
  public void split(AlignedText text, List<AlignedText> out) {
    AlignedText replaced = text.withText(text.text().replace(' ', replacement));
    boolean wanted =
        prepend == Prepended.ALWAYS || prepend == Prepended.FIRST && text.origin() == 0;
    if (wanted && replaced.text().charAt(0) != replacement) {
      replaced = Prepend.to(replaced, String.valueOf(replacement));
    }
    if (split) {
      var spans = TextPattern.character(c -> c == replacement).find(replaced.text());
      Behaviour.MERGED_WITH_NEXT.apply(replaced, spans, out);
    } else {
      out.add(replaced);
    }
  }
}
