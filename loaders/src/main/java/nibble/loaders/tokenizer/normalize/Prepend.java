package nibble.loaders.tokenizer.normalize;

import nibble.loaders.tokenizer.core.AlignedBuilder;
import nibble.loaders.tokenizer.core.AlignedText;

/** Puts text in front. */
public final class Prepend {
  private Prepend() {}

  /**
   * {@code prefix} and {@code text}; the prefix stands for the first character. An empty text stays
   * empty.
   */
  public static AlignedText to(AlignedText text, String prefix) {
    if (text.isEmpty()) {
      return text;
    }
    AlignedBuilder result = new AlignedBuilder(text);
    result.add(prefix, 0, Character.charCount(text.text().codePointAt(0)));
    result.copy(0, text.length());
    return result.build();
  }
}
