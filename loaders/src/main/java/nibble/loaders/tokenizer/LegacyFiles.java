package nibble.loaders.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.decode.Decoders;
import nibble.loaders.tokenizer.finish.Finisher;
import nibble.loaders.tokenizer.finish.Finishers;
import nibble.loaders.tokenizer.model.Models;
import nibble.loaders.tokenizer.model.TokenModel;
import nibble.loaders.tokenizer.model.Vocabulary;
import nibble.loaders.tokenizer.normalize.Normalizers;
import nibble.loaders.tokenizer.normalize.TextNormalizer;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceFile;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel;
import nibble.loaders.tokenizer.sentencepiece.SentencePieces;
import nibble.loaders.tokenizer.split.ByteLevelSplitter;
import nibble.loaders.tokenizer.split.Splitters;
import nibble.loaders.tokenizer.split.TextSplitter;

/**
 * Pipelines from the files that tokenizers had before {@code tokenizer.json}, as the slow classes
 * of transformers use them.
 */
final class LegacyFiles {
  private static final long LARGEST = 256L << 20;
  private static final String QWEN2 =
      """
      {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "behavior": "Isolated", "invert": false, "pattern": {"Regex":
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"}},
        {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}\
      """;

  private final Path folder;
  private final TokenizerConfig config;

  LegacyFiles(Path folder, TokenizerConfig config) {
    this.folder = folder;
    this.config = config;
  }

  /** The pipeline of {@code vocab.txt}. */
  Pipeline wordPiece() {
    Path file = folder.resolve("vocab.txt");
    requireFamily(
        file,
        "",
        "Bert",
        "DistilBert",
        "Electra",
        "MobileBert",
        "ConvBert",
        "SqueezeBert",
        "Funnel");
    JsonObject json = config.config();
    if (!json.bool("do_basic_tokenize", true)) {
      throw json.error("do_basic_tokenize", "is false, which is not supported");
    }
    boolean lowercase = json.bool("do_lower_case", true);
    TextNormalizer normalizer =
        Normalizers.bert(
            true,
            json.bool("tokenize_chinese_chars", true),
            json.bool("strip_accents", lowercase),
            lowercase);
    Vocabulary vocabulary = Vocabulary.of(lines(file));
    String unknown = named("unk_token", "[UNK]");
    TokenModel model = Models.wordPiece(vocabulary, id(file, vocabulary, unknown));
    List<AddedToken> added = new ArrayList<>(config.added(vocabulary));
    for (String content :
        List.of(
            "[PAD]",
            unknown,
            named("cls_token", "[CLS]"),
            named("sep_token", "[SEP]"),
            named("mask_token", "[MASK]"))) {
      if (vocabulary.id(content) >= 0) {
        added.add(AddedToken.special(vocabulary.id(content), content));
      }
    }
    Finisher finisher =
        Finishers.bert(
            id(file, vocabulary, named("cls_token", "[CLS]")),
            id(file, vocabulary, named("sep_token", "[SEP]")));
    return new Pipeline(
        new AddedTokens(added, normalizer),
        normalizer,
        Splitters.bert(),
        model,
        finisher,
        Decoders.wordPiece("##", true));
  }

  /** The pipeline of {@code vocab.json} and {@code merges.txt}. */
  Pipeline byteLevel() {
    Path file = folder.resolve("vocab.json");
    requireFamily(file, "", "GPT2", "Roberta", "Bart", "Qwen2");
    TokenModel model = Models.bpe(Json.readObject(file), lines(folder.resolve("merges.txt")));
    boolean qwen = config.family().equals("Qwen2");
    boolean prefixSpace = config.config().bool("add_prefix_space", false);
    TextNormalizer normalizer =
        qwen ? Normalizers.of(Json.parseObject("Qwen2", "{\"type\": \"NFC\"}")) : Normalizers.NONE;
    TextSplitter splitter =
        qwen
            ? Splitters.of(Json.parseObject("Qwen2", QWEN2))
            : new ByteLevelSplitter(prefixSpace, true);
    AddedTokens added = new AddedTokens(config.added(model.vocabulary()), normalizer);
    return new Pipeline(
        added,
        normalizer,
        splitter,
        model,
        byteLevelFinisher(file, model.vocabulary()),
        Decoders.BYTE_LEVEL);
  }

  private Finisher byteLevelFinisher(Path file, Vocabulary vocabulary) {
    return switch (config.family()) {
      case "Roberta", "Bart" -> {
        int cls = id(file, vocabulary, named("cls_token", "<s>"));
        int sep = id(file, vocabulary, named("sep_token", "</s>"));
        yield Finishers.roberta(cls, sep);
      }
      default ->
          config.config().bool("add_bos_token", false)
              ? Finishers.around(
                  new int[] {id(file, vocabulary, named("bos_token", "<|endoftext|>"))},
                  new int[0],
                  0)
              : Finishers.none();
    };
  }

  /**
   * The pipeline of {@code tokenizer.model}; {@code add_bos_token} (default true) and {@code
   * add_eos_token} (default false) decide what is added.
   */
  Pipeline sentencePiece() {
    Path file = folder.resolve("tokenizer.model");
    requireFamily(file, "", "Llama", "CodeLlama", "Gemma", "PreTrained");
    SentencePieceModel read = SentencePieceFile.read(file);
    return sentencePiece(file.toString(), read, config);
  }

  static Pipeline sentencePiece(String source, SentencePieceModel read, TokenizerConfig config) {
    SentencePieces steps = new SentencePieces(source, read);
    TokenModel model = steps.tokenModel();
    List<AddedToken> tokens = new ArrayList<>();
    for (int id = 0; id < read.pieces().size(); id++) {
      var piece = read.pieces().get(id);
      boolean special =
          piece.type() == SentencePieceModel.PieceType.CONTROL
              || piece.type() == SentencePieceModel.PieceType.UNKNOWN && !piece.text().isEmpty();
      if (special) {
        tokens.add(AddedToken.special(id, piece.text()));
      }
    }
    tokens.addAll(config.added(model.vocabulary()));
    boolean bos = config.config().bool("add_bos_token", true) && read.bos() >= 0;
    boolean eos = config.config().bool("add_eos_token", false) && read.eos() >= 0;
    Finisher finisher =
        Finishers.around(
            bos ? new int[] {read.bos()} : new int[0],
            eos ? new int[] {read.eos()} : new int[0],
            1);
    TextNormalizer normalizer = steps.normalizer();
    return new Pipeline(
        new AddedTokens(tokens, normalizer),
        normalizer,
        Splitters.NONE,
        model,
        finisher,
        steps.decoder());
  }

  private void requireFamily(Path file, String... known) {
    if (!List.of(known).contains(config.family())) {
      throw BadFileException.of(
          file,
          "belongs to the tokenizer class '%s', which is only supported with a tokenizer.json"
              .formatted(config.family()));
    }
  }

  private String named(String role, String fallback) {
    String content = config.content(role);
    return content == null ? fallback : content;
  }

  private static int id(Path file, Vocabulary vocabulary, String token) {
    int id = vocabulary.id(token);
    if (id < 0) {
      throw BadFileException.of(file, "has no token '" + token + "'");
    }
    return id;
  }

  private static List<String> lines(Path file) {
    try {
      long size = Files.size(file);
      if (size > LARGEST) {
        throw BadFileException.of(file, "has %d bytes, allowed are %d".formatted(size, LARGEST));
      }
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw BadFileException.reading(file, e);
    }
  }
}
