package nibble.loaders.tokenizer.decode;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.core.Fields;
import nibble.loaders.tokenizer.core.Patterns;
import nibble.loaders.tokenizer.core.Spans;
import nibble.loaders.tokenizer.core.TextPattern;
import nibble.loaders.tokenizer.split.Metaspace;

/** Reads the {@code decoder} of {@code tokenizer.json}. */
public final class Decoders {
  /** Tokens with spaces between them. */
  public static final TokenDecoder SPACED = tokens -> List.of(String.join(" ", tokens));

  /** For byte-level vocabularies. */
  public static final TokenDecoder BYTE_LEVEL = ByteDecoders::byteLevel;

  private Decoders() {}

  /**
   * The step that {@code json} describes.
   *
   * @throws nibble.loaders.BadFileException if its type, a key or a value is not known
   */
  public static TokenDecoder of(JsonObject json) {
    String type = json.string("type");
    return switch (type) {
      case "Sequence" -> sequence(json);
      case "ByteLevel" -> byteLevel(json);
      case "ByteFallback" -> plain(json, ByteDecoders::byteFallback);
      case "Fuse" -> plain(json, tokens -> List.of(String.join("", tokens)));
      case "WordPiece" -> wordPiece(json);
      case "Metaspace" -> metaspace(Metaspace.of(json));
      case "BPEDecoder" -> bpe(json);
      case "Strip" -> strip(json);
      case "Replace" -> replace(json);
      case "CTC" -> ctc(json);
      default -> throw json.error("type", "is '" + type + "', which is not a known decoder");
    };
  }

  private static TokenDecoder plain(JsonObject json, TokenDecoder decoder) {
    Fields.only(json);
    return decoder;
  }

  private static TokenDecoder byteLevel(JsonObject json) {
    Fields.only(
        json,
        "add_prefix_space",
        "trim_offsets",
        "use_regex"); // written with the pre-tokenizer's keys, which do nothing here
    return BYTE_LEVEL;
  }

  private static TokenDecoder sequence(JsonObject json) {
    Fields.only(json, "decoders");
    return inOrder(Fields.objects(json, "decoders").stream().map(Decoders::of).toList());
  }

  /** All of {@code steps}, one behind the other. */
  private static TokenDecoder inOrder(List<TokenDecoder> steps) {
    return tokens -> {
      List<String> result = tokens;
      for (TokenDecoder step : steps) {
        result = step.decode(result);
      }
      return result;
    };
  }

  private static TokenDecoder each(UnaryOperator<String> step) {
    return tokens -> tokens.stream().map(step).toList();
  }

  private static TokenDecoder wordPiece(JsonObject json) {
    Fields.only(json, "prefix", "cleanup");
    return wordPiece(json.string("prefix", "##"), json.bool("cleanup", true));
  }

  /**
   * Joins tokens with {@code prefix} to those before them, puts a space before others; {@code
   * cleanUp} takes spaces before punctuation out.
   */
  public static TokenDecoder wordPiece(String prefix, boolean cleanUp) {
    return tokens -> {
      List<String> result = new ArrayList<>(tokens.size());
      for (String token : tokens) {
        String joined =
            result.isEmpty()
                ? token
                : token.startsWith(prefix) ? token.substring(prefix.length()) : " " + token;
        result.add(cleanUp ? cleanUp(joined) : joined);
      }
      return result;
    };
  }

  private static String cleanUp(String text) {
    return text.replace(" .", ".")
        .replace(" ?", "?")
        .replace(" !", "!")
        .replace(" ,", ",")
        .replace(" ' ", "'")
        .replace(" n't", "n't")
        .replace(" 'm", "'m")
        .replace(" do not", " don't")
        .replace(" 's", "'s")
        .replace(" 've", "'ve")
        .replace(" 're", "'re");
  }

  private static TokenDecoder metaspace(Metaspace metaspace) {
    String mark = String.valueOf(metaspace.replacement());
    boolean dropFirst = metaspace.prepend() != Metaspace.Prepended.NEVER;
    return tokens -> {
      List<String> result = new ArrayList<>(tokens.size());
      for (String token : tokens) {
        result.add(token.replace(mark, result.isEmpty() && dropFirst ? "" : " "));
      }
      return result;
    };
  }

  private static TokenDecoder bpe(JsonObject json) {
    Fields.only(json, "suffix");
    String suffix = json.string("suffix", "</w>");
    if (suffix.isEmpty()) {
      throw json.error("suffix", "is empty, expected what words end with in the vocabulary");
    }
    return tokens -> {
      List<String> result = new ArrayList<>(tokens.size());
      for (int i = 0; i < tokens.size(); i++) {
        result.add(tokens.get(i).replace(suffix, i + 1 == tokens.size() ? "" : " "));
      }
      return result;
    };
  }

  private static TokenDecoder strip(JsonObject json) {
    Fields.only(json, "content", "start", "stop");
    int content = Fields.character(json, "content");
    int start = json.integer("start", 0);
    int stop = json.integer("stop", 0);
    return each(token -> strip(token, Character.toString(content), start, stop));
  }

  /**
   * {@code text} without up to {@code start} times {@code content} in front, and up to {@code stop}
   * times behind.
   */
  static String strip(String text, String content, int start, int stop) {
    int from = 0;
    int to = text.length();
    for (int i = 0; i < start && text.startsWith(content, from); i++) {
      from += content.length();
    }
    for (int i = 0;
        i < stop
            && to - content.length() >= from
            && text.startsWith(content, to - content.length());
        i++) {
      to -= content.length();
    }
    return text.substring(from, to);
  }

  private static TokenDecoder replace(JsonObject json) {
    Fields.only(json, "pattern", "content");
    TextPattern pattern = Patterns.of(json, "pattern");
    String content = json.string("content");
    return each(token -> replace(token, pattern, content));
  }

  private static String replace(String token, TextPattern pattern, String content) {
    Spans spans = pattern.find(token);
    StringBuilder result = new StringBuilder();
    for (int i = 0; i < spans.size(); i++) {
      if (spans.isMarked(i)) {
        result.append(content);
      } else {
        result.append(token, spans.from(i), spans.to(i));
      }
    }
    return result.toString();
  }

  private static TokenDecoder ctc(JsonObject json) {
    Fields.only(json, "pad_token", "word_delimiter_token", "cleanup");
    String pad = json.string("pad_token", "<pad>");
    String delimiter = json.string("word_delimiter_token", "|");
    boolean cleanUp = json.bool("cleanup", true);
    return tokens -> {
      List<String> result = new ArrayList<>(tokens.size());
      String last = null;
      for (String token : tokens) {
        if (!token.equals(last)) {
          String text = token.replace(pad, "");
          text = cleanUp ? cleanUp(text).replace(delimiter, " ") : text;
          if (!text.isEmpty()) {
            result.add(text);
          }
        }
        last = token;
      }
      return result;
    };
  }

  /**
   * The decoder of SentencePiece models: visible spaces, byte tokens, and without the space that
   * was put in front.
   *
   * @param space the visible space
   * @param dropFirst whether one space at the beginning goes
   * @param dropAll whether every token at the beginning loses a space, until there is text
   */
  public static TokenDecoder sentencePiece(char space, boolean dropFirst, boolean dropAll) {
    return tokens -> {
      List<String> stripped = new ArrayList<>(tokens.size());
      boolean start = dropFirst || dropAll;
      for (String token : tokens) {
        boolean drops = start && !token.isEmpty() && token.charAt(0) == space;
        String rest = drops ? token.substring(1) : token;
        start = start && rest.isEmpty() && (dropAll || !drops);
        stripped.add(rest.replace(space, ' '));
      }
      return ByteDecoders.byteFallback(stripped);
    };
  }
}
