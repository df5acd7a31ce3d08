package nibble.loaders.tokenizer.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.loaders.tokenizer.core.Fields;

/** Reads the {@code model} of {@code tokenizer.json}. */
public final class Models {
  private static final int LONGEST_WORD = 100;

  private Models() {}

  /**
   * The model that {@code json} describes.
   *
   * @throws nibble.loaders.BadFileException if its type, a key or a value is not known
   */
  public static TokenModel of(JsonObject json) {
    String type = json.has("type") ? json.string("type") : untagged(json);
    return switch (type) {
      case "BPE" -> bpe(json);
      case "WordPiece" -> wordPiece(json);
      case "WordLevel" -> wordLevel(json);
      case "Unigram" -> unigram(json);
      default ->
          throw json.error(
              "type", "is '" + type + "', expected BPE, WordPiece, WordLevel or Unigram");
    };
  }

  /** The type in files of the first versions, which do not name it. */
  private static String untagged(JsonObject json) {
    if (json.has("merges")) {
      return "BPE";
    }
    if (json.find("vocab").orElse(null) instanceof JsonArray) {
      return "Unigram";
    }
    return json.has("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
  }

  private static TokenModel bpe(JsonObject json) {
    Fields.only(
        json,
        "dropout",
        "unk_token",
        "continuing_subword_prefix",
        "end_of_word_suffix",
        "fuse_unk",
        "byte_fallback",
        "ignore_merges",
        "vocab",
        "merges");
    if (json.number("dropout", 0) != 0) {
      throw json.error("dropout", "is not 0; tokens would be chosen at random");
    }
    Vocabulary vocabulary = Vocabulary.of(json, "vocab");
    Unknown unknown = json.has("unk_token") ? named(json, vocabulary) : Unknown.dropped();
    BpeOptions options =
        new BpeOptions(
            unknown,
            json.string("continuing_subword_prefix", ""),
            json.string("end_of_word_suffix", ""),
            json.bool("fuse_unk", false),
            json.bool("byte_fallback", false),
            json.bool("ignore_merges", false));
    return new Bpe(vocabulary, merges(json, vocabulary, options.prefix()), options);
  }

  private static Unknown named(JsonObject json, Vocabulary vocabulary) {
    int id = vocabulary.id(json.string("unk_token"));
    return id < 0 ? Unknown.missing(json, "unk_token") : Unknown.token(id);
  }

  private static Merges merges(JsonObject json, Vocabulary vocabulary, String prefix) {
    JsonArray array = json.array("merges");
    List<String[]> pairs = new ArrayList<>(array.size());
    for (int i = 0; i < array.size(); i++) {
      JsonValue merge = array.get(i);
      if (merge instanceof JsonString(String line)) {
        if (!line.startsWith("#version")) {
          pairs.add(line.split(" ", -1));
        }
      } else {
        pairs.add(array.array(i).strings().toArray(new String[0]));
      }
    }
    return merges(json, pairs, vocabulary, prefix);
  }

  private static Merges merges(
      JsonObject json, List<String[]> pairs, Vocabulary vocabulary, String prefix) {
    int[] lefts = new int[pairs.size()];
    int[] rights = new int[pairs.size()];
    int[] results = new int[pairs.size()];
    for (int i = 0; i < results.length; i++) {
      String[] pair = pairs.get(i);
      if (pair.length != 2) {
        throw json.error(
            "merges",
            "has %d parts in merge %d, '%s', expected 2"
                .formatted(pair.length, i, String.join(" ", pair)));
      }
      lefts[i] = vocabulary.id(pair[0]);
      rights[i] = vocabulary.id(pair[1]);
      String right = pair[1].startsWith(prefix) ? pair[1].substring(prefix.length()) : pair[1];
      results[i] = vocabulary.id(pair[0] + right);
      if (lefts[i] < 0 || rights[i] < 0 || results[i] < 0) {
        throw json.error(
            "merges",
            "has merge %d, '%s' and '%s', of which a part or the result is not in vocab"
                .formatted(i, pair[0], pair[1]));
      }
    }
    return new Merges(lefts, rights, results);
  }

  /** Byte-level BPE from the two files of GPT-2; {@code merges} are the lines of the second. */
  public static TokenModel bpe(JsonObject vocab, List<String> merges) {
    Vocabulary vocabulary = Vocabulary.of(vocab);
    List<String[]> pairs = new ArrayList<>(merges.size());
    for (String line : merges) {
      if (!line.startsWith("#version") && !line.isEmpty()) {
        pairs.add(line.split(" ", -1));
      }
    }
    return new Bpe(vocabulary, merges(vocab, pairs, vocabulary, ""), BpeOptions.PLAIN);
  }

  private static TokenModel wordPiece(JsonObject json) {
    Fields.only(
        json, "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab");
    return wordPiece(
        json,
        Vocabulary.of(json, "vocab"),
        json.string("unk_token", "[UNK]"),
        json.string("continuing_subword_prefix", "##"),
        json.integer("max_input_chars_per_word", LONGEST_WORD));
  }

  private static TokenModel wordPiece(
      JsonObject json, Vocabulary vocabulary, String unknown, String prefix, int longestWord) {
    if (vocabulary.id(unknown) < 0) {
      throw json.error("vocab", "has no token '" + unknown + "', which stands for unknown words");
    }
    return new WordPiece(vocabulary, prefix, vocabulary.id(unknown), longestWord);
  }

  /**
   * WordPiece over the lines of {@code vocab.txt}, as BERT uses it; {@code unknown} is the id for
   * words that cannot be covered.
   */
  public static TokenModel wordPiece(Vocabulary vocabulary, int unknown) {
    return new WordPiece(vocabulary, "##", unknown, LONGEST_WORD);
  }

  private static TokenModel wordLevel(JsonObject json) {
    Fields.only(json, "unk_token", "vocab");
    Vocabulary vocabulary = Vocabulary.of(json, "vocab");
    String unknown = json.string("unk_token", "<unk>");
    if (vocabulary.id(unknown) < 0) {
      throw json.error("vocab", "has no token '" + unknown + "', which stands for unknown words");
    }
    return new WordLevel(vocabulary, vocabulary.id(unknown));
  }

  private static TokenModel unigram(JsonObject json) {
    Fields.only(json, "unk_id", "vocab", "byte_fallback");
    JsonArray entries = json.array("vocab");
    List<String> tokens = new ArrayList<>(entries.size());
    double[] scores = new double[entries.size()];
    for (int i = 0; i < scores.length; i++) {
      JsonArray entry = entries.array(i);
      if (entry.size() != 2 || entry.string(0).length() > Vocabulary.LONGEST_TOKEN) {
        throw json.error(
            "vocab",
            "has entry %d, expected a token of at most %d characters and its score"
                .formatted(i, Vocabulary.LONGEST_TOKEN));
      }
      tokens.add(entry.string(0));
      scores[i] = entry.number(1);
    }
    if (scores.length > Vocabulary.LARGEST_ID) {
      throw json.error(
          "vocab", "has %d tokens, allowed are %d".formatted(scores.length, Vocabulary.LARGEST_ID));
    }
    OptionalInt unknown =
        json.has("unk_id") ? OptionalInt.of(json.integer("unk_id")) : OptionalInt.empty();
    if (unknown.isPresent() && (unknown.getAsInt() < 0 || unknown.getAsInt() >= scores.length)) {
      throw json.error(
          "unk_id", "is %d, expected 0 to %d".formatted(unknown.getAsInt(), scores.length - 1));
    }
    boolean[] matched = new boolean[scores.length];
    Arrays.fill(matched, true);
    Unknown token =
        unknown.isPresent() ? Unknown.token(unknown.getAsInt()) : Unknown.missing(json, "unk_id");
    double smallest = Arrays.stream(scores).min().orElse(0);
    return new Unigram(
        Vocabulary.of(tokens),
        scores,
        matched,
        token,
        json.bool("byte_fallback", false),
        smallest,
        false);
  }
}
