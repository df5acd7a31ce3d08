package nibble.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.ModelFamilies;
import nibble.loaders.model.ModelWriter;
import nibble.nn.RandomWeights;

/** Folders of text models as users have them, with random weights. */
public final class TinyTextFolders {
  private static final String LLAMA =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
       "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 258, "max_position_embeddings": 96, "rms_norm_eps": 1e-05,
       "rope_theta": 10000.0, "tie_word_embeddings": true, "bos_token_id": 256, "eos_token_id": 257}\
      """;
  private static final String CHAT_TEMPLATE =
      "{{ bos_token }}{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}\\n"
          + "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
  private static final String BERT =
      """
      {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
       "num_attention_heads": 4, "vocab_size": 57, "max_position_embeddings": 24, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "type_vocab_size": 2}\
      """;

  private static final String CLIP =
      """
      {"model_type": "%s", "projection_dim": 32,
       "vision_config": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48, "image_size": 16, "patch_size": 8},
       "text_config": {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 40, "vocab_size": 57,
         "max_position_embeddings": 20, "eos_token_id": 3, "projection_size": 32}}\
      """;

  private TinyTextFolders() {}

  /**
   * Writes a language model of 96 positions whose tokens are bytes, with a chat template, into the
   * new folder {@code folder} and returns it.
   */
  public static Path llama(Path folder) throws IOException {
    return withBytes(folder, LLAMA);
  }

  /** The same model with {@code words} tokens, most of which no text has, and {@code width}. */
  public static Path wideHead(Path folder, int width, int words) throws IOException {
    return withBytes(
        folder,
        LLAMA
            .replace("\"hidden_size\": 32", "\"hidden_size\": " + width)
            .replace("\"vocab_size\": 258", "\"vocab_size\": " + words));
  }

  private static Path withBytes(Path folder, String config) throws IOException {
    write(folder, config, 5);
    JsonObject.Builder vocabulary = JsonObject.builder();
    for (int b = 0; b < 256; b++) {
      vocabulary.put(byteLevel(b), b);
    }
    JsonObject tokenizer =
        Json.parseObject(
                "tokenizer",
                """
                {"added_tokens": [
                  {"id": 256, "content": "<s>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false},
                  {"id": 257, "content": "</s>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
                 "normalizer": null,
                 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
                 "post_processor": {"type": "TemplateProcessing",
                   "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                   "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                   "special_tokens": {"<s>": {"id": "<s>", "ids": [256], "tokens": ["<s>"]}}},
                 "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}}\
                """)
            .with(
                "model",
                JsonObject.builder()
                    .put("type", "BPE")
                    .put("vocab", vocabulary.build())
                    .put("merges", JsonArray.of(List.of()))
                    .build());
    Json.write(folder.resolve("tokenizer.json"), tokenizer);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\", \"chat_template\": \"%s\"}"
            .formatted(CHAT_TEMPLATE));
    return folder;
  }

  /**
   * How byte-level BPE writes byte {@code b}: printable ones as themselves, the others from U+0100
   * on.
   */
  private static String byteLevel(int b) {
    int shifted = 256;
    for (int i = 0; i < 256; i++) {
      boolean printable = i >= '!' && i <= '~' || i >= 0xA1 && i <= 0xAC || i >= 0xAE;
      if (i == b) {
        return Character.toString(printable ? i : shifted);
      }
      shifted += printable ? 0 : 1;
    }
    throw new IllegalArgumentException("no byte: " + b);
  }

  /**
   * Writes a text encoder of 24 positions that knows single letters into the new folder {@code
   * folder} and returns it.
   */
  public static Path bert(Path folder) throws IOException {
    write(folder, BERT, 6);
    return withLetters(folder);
  }

  /**
   * Writes a model of images of 16 x 16 pixels and of texts of single letters into the new folder
   * {@code folder} and returns it.
   *
   * @param type {@code clip} or {@code siglip}
   */
  public static Path clip(Path folder, String type) throws IOException {
    write(folder, CLIP.formatted(type), 7);
    Files.writeString(
        folder.resolve("preprocessor_config.json"),
        "{\"image_processor_type\": \"%sImageProcessor\", \"size\": {\"height\": 16, \"width\": 16}, \"crop_size\": 16}"
            .formatted(type.equals("clip") ? "CLIP" : "Siglip"));
    return withLetters(folder);
  }

  private static Path withLetters(Path folder) throws IOException {
    StringBuilder vocabulary = new StringBuilder("[PAD]\n[UNK]\n[CLS]\n[SEP]\n.\n");
    for (char c = 'a'; c <= 'z'; c++) {
      vocabulary.append(c).append('\n').append("##").append(c).append('\n');
    }
    Files.writeString(folder.resolve("vocab.txt"), vocabulary);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"BertTokenizer\", \"do_lower_case\": true, \"pad_token\":"
            + " \"[PAD]\"}");
    return folder;
  }

  private static void write(Path folder, String json, long seed) throws IOException {
    Files.createDirectories(folder);
    JsonObject config = Json.parseObject("config", json);
    var model = ModelFamilies.of(config).build(config, new RandomWeights(new Random(seed), 0.5f));
    ModelWriter.write(folder, config, model, JsonObject.empty());
  }
}
