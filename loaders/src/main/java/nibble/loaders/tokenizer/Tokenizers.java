package nibble.loaders.tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel;
import org.jspecify.annotations.Nullable;

/** Makes tokenizers out of files. */
public final class Tokenizers {
  private Tokenizers() {}

  /**
   * The tokenizer in {@code folder}: {@code tokenizer.json}, else {@code vocab.txt}, else {@code
   * vocab.json} with {@code merges.txt}, else {@code tokenizer.model}; {@code
   * tokenizer_config.json}, {@code special_tokens_map.json} and {@code added_tokens.json} are
   * looked at as well.
   *
   * @throws BadFileException if there is none of them, one is damaged, or it uses what is not
   *     supported
   */
  public static Tokenizer load(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw BadFileException.of(
          folder,
          Files.exists(folder)
              ? "is a file, expected a folder with a tokenizer"
              : "no such folder");
    }
    TokenizerConfig config = TokenizerConfig.read(folder);
    if (Files.exists(folder.resolve("tokenizer.json"))) {
      return of(Json.readObject(folder.resolve("tokenizer.json")), config);
    }
    LegacyFiles files = new LegacyFiles(folder, config);
    if (Files.exists(folder.resolve("vocab.txt"))) {
      return of(files.wordPiece(), config);
    }
    if (Files.exists(folder.resolve("vocab.json"))) {
      return of(files.byteLevel(), config);
    }
    if (Files.exists(folder.resolve("tokenizer.model"))) {
      return of(files.sentencePiece(), config);
    }
    throw BadFileException.of(
        folder,
        "has no tokenizer: neither tokenizer.json, vocab.txt, vocab.json nor tokenizer.model");
  }

  /**
   * The tokenizer that {@code tokenizerJson}, the content of a {@code tokenizer.json}, describes.
   */
  public static Tokenizer of(JsonObject tokenizerJson) {
    return of(tokenizerJson, TokenizerConfig.EMPTY);
  }

  /**
   * The tokenizer that {@code tokenizerJson} describes, with the roles of tokens that {@code
   * config}, a {@code tokenizer_config.json}, names.
   */
  public static Tokenizer of(JsonObject tokenizerJson, JsonObject config) {
    return of(tokenizerJson, new TokenizerConfig(config, JsonObject.empty(), JsonObject.empty()));
  }

  /**
   * The tokenizer of a SentencePiece model; {@code source} names it in error messages, {@code
   * config} is a {@code tokenizer_config.json}.
   */
  public static Tokenizer of(String source, SentencePieceModel model, JsonObject config) {
    TokenizerConfig files = new TokenizerConfig(config, JsonObject.empty(), JsonObject.empty());
    return of(LegacyFiles.sentencePiece(source, model, files), files);
  }

  private static Tokenizer of(JsonObject tokenizerJson, TokenizerConfig config) {
    TokenizerJson file = new TokenizerJson(tokenizerJson);
    return of(file.pipeline(), config, file.truncation(), file.padding(), file.unknown());
  }

  private static Tokenizer of(Pipeline pipeline, TokenizerConfig config) {
    return of(pipeline, config, null, null, null);
  }

  private static Tokenizer of(
      Pipeline pipeline,
      TokenizerConfig config,
      @Nullable Truncation truncation,
      @Nullable Padding padding,
      @Nullable String unknown) {
    SpecialTokens special =
        new SpecialTokens(
            role(pipeline, config, "bos_token"),
            role(pipeline, config, "eos_token"),
            role(pipeline, config, "pad_token"),
            config.content("unk_token") == null && unknown != null
                ? id(pipeline, unknown)
                : role(pipeline, config, "unk_token"),
            role(pipeline, config, "cls_token"),
            role(pipeline, config, "sep_token"),
            role(pipeline, config, "mask_token"));
    Padding named =
        padding == null && special.pad().isPresent()
            ? new Padding(
                config.side("padding_side"),
                special.pad().getAsInt(),
                config.config().integer("pad_token_type_id", 0),
                0,
                1)
            : padding;
    return new Tokenizer(
        pipeline, new TokenizerDefaults(special, truncation, named, config.maxLength()));
  }

  private static OptionalInt role(Pipeline pipeline, TokenizerConfig config, String role) {
    String content = config.content(role);
    return content == null ? OptionalInt.empty() : id(pipeline, content);
  }

  private static OptionalInt id(Pipeline pipeline, String content) {
    int added = pipeline.added().id(content);
    int id = added < 0 ? pipeline.model().vocabulary().id(content) : added;
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }
}
