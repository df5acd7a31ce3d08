package nibble.loaders.gguf;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.loaders.chat.ChatTemplate;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.loaders.tokenizer.TokenizerConfig;
import nibble.loaders.tokenizer.Tokenizers;
import nibble.loaders.tokenizer.normalize.CharsMap;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.Piece;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.PieceType;

/**
 * The tokenizer in the metadata of a file: {@code tokenizer.ggml.model} is {@code llama}
 * (SentencePiece BPE with scores and byte tokens) or {@code gpt2} (byte-level BPE with merges). For
 * the second, {@code tokenizer.ggml.pre} names the expression by which text is split first; the
 * file does not hold it, so only those known here are read.
 *
 * <p>Source: {@code llama-vocab.cpp} of llama.cpp.
 */
public final class GgufTokenizer {
  private static final String PREFIX = "tokenizer.ggml.";
  private static final String LLAMA3 =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r"
          + "\\n"
          + "\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r"
          + "\\n"
          + "]*|\\s*[\\r"
          + "\\n"
          + "]+|\\s+(?!\\S)|\\s+";
  private static final String QWEN2 =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r"
          + "\\n"
          + "\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r"
          + "\\n"
          + "]*|\\s*[\\r"
          + "\\n"
          + "]+|\\s+(?!\\S)|\\s+";

  private final GgufMetadata metadata;
  private final List<String> tokens;
  private final long[] types;

  private GgufTokenizer(GgufMetadata metadata) {
    this.metadata = metadata;
    tokens =
        metadata
            .findStrings(PREFIX + "tokens")
            .orElseThrow(() -> metadata.error(PREFIX + "tokens", "is missing"));
    types = metadata.findIntegers(PREFIX + "token_type").orElse(new long[0]);
    if (types.length != 0 && types.length != tokens.size()) {
      throw metadata.error(
          PREFIX + "token_type",
          "has %d elements for %d tokens".formatted(types.length, tokens.size()));
    }
  }

  /** Whether there is a tokenizer in {@code metadata}. */
  public static boolean isIn(GgufMetadata metadata) {
    return metadata.has(PREFIX + "model");
  }

  /**
   * The tokenizer in {@code metadata}.
   *
   * @throws nibble.loaders.BadFileException if there is none, it is damaged, or of a kind that is
   *     not known
   */
  public static Tokenizer of(GgufMetadata metadata) {
    String model = metadata.string(PREFIX + "model");
    GgufTokenizer tokenizer = new GgufTokenizer(metadata);
    return switch (model) {
      case "llama" -> tokenizer.sentencePiece();
      case "gpt2" -> tokenizer.byteLevel();
      default ->
          throw metadata.error(PREFIX + "model", "is '" + model + "', expected llama or gpt2");
    };
  }

  /**
   * The chat template in {@code metadata}; empty if there is none.
   *
   * @throws nibble.loaders.BadFileException if it uses what is not supported
   */
  public static Optional<ChatTemplate> chatTemplate(GgufMetadata metadata) {
    TokenizerConfig config =
        new TokenizerConfig(
            new GgufTokenizer(metadata).config(false), JsonObject.empty(), JsonObject.empty());
    return metadata
        .findString("tokenizer.chat_template")
        .map(text -> ChatTemplate.of(metadata.source(), text, config));
  }

  /** What a token is for; numbered from 1. */
  private PieceType type(int id) {
    long type = types.length == 0 ? 1 : types[id];
    PieceType[] known = PieceType.values();
    if (type < 1 || type > known.length) {
      throw metadata.error(
          PREFIX + "token_type",
          "is %d for token %d, expected 1 to %d".formatted(type, id, known.length));
    }
    return known[(int) type - 1];
  }

  private int id(String role) {
    int id = metadata.findInteger(PREFIX + role + "_token_id").orElse(-1);
    if (id < -1 || id >= tokens.size()) {
      throw metadata.error(
          PREFIX + role + "_token_id", "is %d, expected 0 to %d".formatted(id, tokens.size() - 1));
    }
    return id;
  }

  private boolean flag(String key, boolean fallback) {
    return metadata.findBool(PREFIX + key).orElse(fallback);
  }

  /**
   * What {@code tokenizer_config.json} would say: roles of tokens, and which are put around a text.
   */
  private JsonObject config(boolean bosByDefault) {
    JsonObject.Builder json =
        JsonObject.builder()
            .put("add_bos_token", flag("add_bos_token", bosByDefault))
            .put("add_eos_token", flag("add_eos_token", false));
    for (String role : List.of("bos", "eos", "padding", "unknown")) {
      int id = id(role);
      if (id >= 0) {
        json.put(
            role.equals("padding")
                ? "pad_token"
                : role.equals("unknown") ? "unk_token" : role + "_token",
            tokens.get(id));
      }
    }
    return json.build();
  }

  private Tokenizer sentencePiece() {
    float[] scores =
        metadata
            .findNumbers(PREFIX + "scores")
            .orElseThrow(() -> metadata.error(PREFIX + "scores", "is missing"));
    if (scores.length != tokens.size()) {
      throw metadata.error(
          PREFIX + "scores",
          "has %d elements for %d tokens".formatted(scores.length, tokens.size()));
    }
    List<Piece> pieces = new ArrayList<>();
    boolean bytes = false;
    for (int i = 0; i < scores.length; i++) {
      pieces.add(new Piece(tokens.get(i), scores[i], type(i)));
      bytes |= type(i) == PieceType.BYTE;
    }
    SentencePieceModel.Normalizer normalizer =
        new SentencePieceModel.Normalizer(
            CharsMap.EMPTY,
            flag("add_space_prefix", true),
            flag("remove_extra_whitespaces", false),
            true);
    SentencePieceModel model =
        new SentencePieceModel(
            pieces,
            SentencePieceModel.Kind.BPE,
            Math.max(0, id("unknown")),
            id("bos"),
            id("eos"),
            id("padding"),
            bytes,
            false,
            normalizer);
    return Tokenizers.of(metadata.source(), model, config(true));
  }

  private Tokenizer byteLevel() {
    List<String> merges =
        metadata
            .findStrings(PREFIX + "merges")
            .orElseThrow(() -> metadata.error(PREFIX + "merges", "is missing"));
    String pre = metadata.findString(PREFIX + "pre").orElse("default");
    JsonObject.Builder vocabulary = JsonObject.builder();
    List<JsonValue> added = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      PieceType type = type(i);
      if (type == PieceType.CONTROL || type == PieceType.USER_DEFINED) {
        added.add(added(i, tokens.get(i), type == PieceType.CONTROL));
      } else {
        put(vocabulary, i);
      }
    }
    JsonObject model =
        JsonObject.builder()
            .put("type", "BPE")
            .put("vocab", vocabulary.build())
            .put("merges", JsonArray.ofStrings(merges))
            .put("ignore_merges", pre.equals("llama-bpe"))
            .build();
    JsonObject json =
        JsonObject.builder()
            .put("version", "1.0")
            .put("added_tokens", JsonArray.of(added))
            .put(
                "normalizer",
                pre.equals("qwen2")
                    ? JsonObject.builder().put("type", "NFC").build()
                    : JsonNull.NULL)
            .put("pre_tokenizer", splitter(pre))
            .put("post_processor", around())
            .put("decoder", byteLevelStep(true))
            .put("model", model)
            .build();
    return Tokenizers.of(
        Json.parseObject(metadata.source() + ": tokenizer from the metadata", Json.compact(json)),
        config(false));
  }

  private void put(JsonObject.Builder vocabulary, int id) {
    try {
      vocabulary.put(tokens.get(id), id);
    } catch (IllegalArgumentException _) {
      throw metadata.error(PREFIX + "tokens", "has '%s' twice".formatted(tokens.get(id)));
    }
  }

  private static JsonObject added(int id, String content, boolean special) {
    return JsonObject.builder()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", special)
        .build();
  }

  private JsonObject splitter(String pre) {
    return switch (pre) {
      case "gpt-2" -> byteLevelStep(true);
      case "llama-bpe" -> sequence(split(LLAMA3), byteLevelStep(false));
      case "qwen2" -> sequence(split(QWEN2), byteLevelStep(false));
      case "smollm" ->
          sequence(
              JsonObject.builder().put("type", "Digits").put("individual_digits", true).build(),
              byteLevelStep(true));
      default ->
          throw metadata.error(
              PREFIX + "pre", "is '" + pre + "', expected gpt-2, llama-bpe, qwen2 or smollm");
    };
  }

  private static JsonObject sequence(JsonObject... steps) {
    return JsonObject.builder()
        .put("type", "Sequence")
        .put("pretokenizers", JsonArray.of(List.of(steps)))
        .build();
  }

  private static JsonObject split(String expression) {
    return JsonObject.builder()
        .put("type", "Split")
        .put("pattern", JsonObject.builder().put("Regex", expression).build())
        .put("behavior", "Isolated")
        .put("invert", false)
        .build();
  }

  private static JsonObject byteLevelStep(boolean expression) {
    return JsonObject.builder()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", expression)
        .build();
  }

  /** The tokens that are put around a text; nothing if there are none. */
  private JsonValue around() {
    Optional<String> bos =
        flag("add_bos_token", false) && id("bos") >= 0
            ? Optional.of(tokens.get(id("bos")))
            : Optional.empty();
    Optional<String> eos =
        flag("add_eos_token", false) && id("eos") >= 0
            ? Optional.of(tokens.get(id("eos")))
            : Optional.empty();
    if (bos.isEmpty() && eos.isEmpty()) {
      return JsonNull.NULL;
    }
    List<JsonValue> single = new ArrayList<>();
    JsonObject special = JsonObject.empty();
    if (bos.isPresent()) {
      single.add(templatePart(bos.get()));
      special = special.with(bos.get(), specialToken(bos.get(), id("bos")));
    }
    single.add(
        JsonObject.empty()
            .with("Sequence", JsonObject.builder().put("id", "A").put("type_id", 0).build()));
    if (eos.isPresent()) {
      single.add(templatePart(eos.get()));
      special = special.with(eos.get(), specialToken(eos.get(), id("eos")));
    }
    List<JsonValue> pair = new ArrayList<>(single);
    pair.add(
        JsonObject.empty()
            .with("Sequence", JsonObject.builder().put("id", "B").put("type_id", 1).build()));
    return JsonObject.builder()
        .put("type", "TemplateProcessing")
        .put("single", JsonArray.of(single))
        .put("pair", JsonArray.of(pair))
        .put("special_tokens", special)
        .build();
  }

  private static JsonObject templatePart(String token) {
    return JsonObject.empty()
        .with("SpecialToken", JsonObject.builder().put("id", token).put("type_id", 0).build());
  }

  private static JsonObject specialToken(String token, int id) {
    return JsonObject.builder()
        .put("id", token)
        .put("ids", JsonArray.ofInts(id))
        .put("tokens", JsonArray.ofStrings(List.of(token)))
        .build();
  }
}
