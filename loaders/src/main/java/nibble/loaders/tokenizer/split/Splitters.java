package nibble.loaders.tokenizer.split;

import java.util.ArrayList;
import java.util.List;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.Chars;
import nibble.loaders.tokenizer.core.Fields;
import nibble.loaders.tokenizer.core.Patterns;
import nibble.loaders.tokenizer.core.Spans;
import nibble.loaders.tokenizer.core.TextPattern;

/** Reads the {@code pre_tokenizer} of {@code tokenizer.json}. */
public final class Splitters {
  /** Leaves text in one piece. */
  public static final TextSplitter NONE = (text, out) -> out.add(text);

  private Splitters() {}

  /**
   * The step that {@code json} describes.
   *
   * @throws nibble.loaders.BadFileException if its type, a key or a value is not known
   */
  public static TextSplitter of(JsonObject json) {
    String type = json.string("type");
    return switch (type) {
      case "Sequence" -> sequence(json);
      case "BertPreTokenizer" -> plain(json, bert());
      case "ByteLevel" -> ByteLevelSplitter.of(json);
      case "Metaspace" -> Metaspace.of(json);
      case "Whitespace" -> plain(json, Splitters::words);
      case "WhitespaceSplit" ->
          plain(json, at(TextPattern.character(Chars::isWhitespace), Behaviour.REMOVED));
      case "Split" -> split(json);
      case "Punctuation" -> punctuation(json);
      case "Digits" -> digits(json);
      case "CharDelimiterSplit", "Delimiter" -> delimiter(json);
      case "UnicodeScripts" -> plain(json, new ScriptSplitter());
      case "FixedLength" -> fixedLength(json);
      default -> throw json.error("type", "is '" + type + "', which is not a known pre-tokenizer");
    };
  }

  private static TextSplitter plain(JsonObject json, TextSplitter splitter) {
    Fields.only(json);
    return splitter;
  }

  private static TextSplitter at(TextPattern pattern, Behaviour behaviour) {
    return (text, out) -> behaviour.apply(text, pattern.find(text.text()), out);
  }

  private static TextSplitter sequence(JsonObject json) {
    Fields.only(json, "pretokenizers");
    return inOrder(Fields.objects(json, "pretokenizers").stream().map(Splitters::of).toList());
  }

  private static TextSplitter inOrder(List<TextSplitter> steps) {
    return (text, out) -> {
      List<AlignedText> parts = List.of(text);
      for (TextSplitter step : steps) {
        List<AlignedText> smaller = new ArrayList<>(parts.size());
        for (AlignedText part : parts) {
          step.split(part, smaller);
        }
        parts = smaller;
      }
      out.addAll(parts);
    };
  }

  /** Words of BERT: cut at white space, every punctuation character by itself. */
  public static TextSplitter bert() {
    return (text, out) -> {
      String source = text.text();
      int from = 0;
      for (int i = 0; i < source.length(); ) {
        int c = source.codePointAt(i);
        int next = i + Character.charCount(c);
        boolean space = Chars.isWhitespace(c);
        if (space || Chars.isPunctuation(c)) {
          if (from < i) {
            out.add(text.slice(from, i));
          }
          if (!space) {
            out.add(text.slice(i, next));
          }
          from = next;
        }
        i = next;
      }
      if (from < source.length()) {
        out.add(text.slice(from, source.length()));
      }
    };
  }

  /** {@code \w+|[^\w\s]+}: runs of word characters and runs of others, without white space. */
  private static void words(AlignedText text, List<AlignedText> out) {
    String source = text.text();
    int from = 0;
    int kind = 0;
    for (int i = 0; i <= source.length(); ) {
      int c = i < source.length() ? source.codePointAt(i) : ' ';
      int here = Chars.isWord(c) ? 1 : Chars.isWhitespace(c) ? 0 : 2;
      if (here != kind) {
        if (kind != 0) {
          out.add(text.slice(from, i));
        }
        from = i;
        kind = here;
      }
      i += Character.charCount(c);
    }
  }

  private static TextSplitter split(JsonObject json) {
    Fields.only(json, "pattern", "behavior", "invert");
    TextPattern pattern = Patterns.of(json, "pattern");
    return at(
        json.bool("invert", false) ? pattern.inverted() : pattern, Behaviour.of(json, "behavior"));
  }

  private static TextSplitter punctuation(JsonObject json) {
    Fields.only(json, "behavior");
    Behaviour behaviour =
        json.has("behavior") ? Behaviour.of(json, "behavior") : Behaviour.ISOLATED;
    return at(TextPattern.character(Chars::isPunctuation), behaviour);
  }

  private static TextSplitter digits(JsonObject json) {
    Fields.only(json, "individual_digits");
    Behaviour behaviour =
        json.bool("individual_digits", false) ? Behaviour.ISOLATED : Behaviour.CONTIGUOUS;
    return at(TextPattern.character(Chars::isNumeric), behaviour);
  }

  private static TextSplitter delimiter(JsonObject json) {
    Fields.only(json, "delimiter");
    int delimiter = Fields.character(json, "delimiter");
    return at(TextPattern.character(c -> c == delimiter), Behaviour.REMOVED);
  }

  private static TextSplitter fixedLength(JsonObject json) {
    Fields.only(json, "length");
    int length = json.integer("length", 5);
    if (length < 1) {
      throw json.error("length", "is %d, expected at least 1".formatted(length));
    }
    return at(text -> chunks(text, length), Behaviour.ISOLATED);
  }

  private static Spans chunks(String text, int length) {
    Spans spans = new Spans();
    for (int from = 0, to; from < text.length(); from = to) {
      to = from;
      for (int n = 0; n < length && to < text.length(); n++) {
        to += Character.charCount(text.codePointAt(to));
      }
      spans.add(from, to, true);
    }
    return spans;
  }
}
