package nibble.loaders.api;

import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import nibble.loaders.BadFileException;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.tokenizer.EncodeOptions;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.nn.clip.ClipConfig;

/**
 * Texts to the token ids that CLIP and SigLIP were trained with. SigLIP: lower case, without ASCII
 * punctuation, single blanks, and filled up to the longest length, as Hugging Face's {@code
 * SiglipTokenizer} and {@code SiglipProcessor} do; the padding token is the tokenizer's, else
 * {@code text_config.pad_token_id}, else 1.
 */
final class ClipTexts {
  private static final Pattern PUNCTUATION = Pattern.compile("\\p{Punct}");
  private static final Pattern BLANKS = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);
  private static final int DEFAULT_PADDING = 1;

  private final ClipConfig config;
  private final Tokenizer tokenizer;
  private final EncodeOptions options;
  private final int padding;

  ClipTexts(LoadedModel loaded) {
    config = loaded.clip().config();
    tokenizer = loaded.tokenizer();
    if (tokenizer.vocabularySize() > config.vocabulary()) {
      throw BadFileException.of(
          loaded.checkpoint().folder(),
          "has a tokenizer of %d tokens, the model knows %d; the two do not belong together"
              .formatted(tokenizer.vocabularySize(), config.vocabulary()));
    }
    options = EncodeOptions.DEFAULTS.withMatchSpecial(false).withMaxLength(config.context());
    int stated =
        loaded
            .checkpoint()
            .config()
            .findObject("text_config")
            .map(text -> text.integer("pad_token_id", DEFAULT_PADDING))
            .orElse(DEFAULT_PADDING);
    padding = tokenizer.special().pad().orElse(stated);
  }

  int[] ids(String text) {
    int[] ids = tokenizer.encode(config.siglip() ? canonical(text) : text, options).ids();
    if (!config.siglip()) {
      return ids;
    }
    int[] filled = Arrays.copyOf(ids, config.context());
    Arrays.fill(filled, ids.length, filled.length, padding);
    return filled;
  }

  static String canonical(String text) {
    String words = PUNCTUATION.matcher(text.toLowerCase(Locale.ROOT)).replaceAll("");
    return BLANKS.matcher(words).replaceAll(" ").strip();
  }
}
