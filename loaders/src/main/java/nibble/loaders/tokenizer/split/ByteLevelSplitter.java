package nibble.loaders.tokenizer.split;

import java.util.ArrayList;
import java.util.List;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.ByteAlphabet;
import nibble.loaders.tokenizer.core.Fields;
import nibble.loaders.tokenizer.normalize.Prepend;

/**
 * The pre-tokenizer of GPT-2: words by its pattern, then every byte as a visible character ({@link
 * ByteAlphabet}).
 *
 * @param prefixSpace whether a text that does not begin with a space gets one
 * @param words whether text is cut into words; otherwise an earlier step did that
 */
public record ByteLevelSplitter(boolean prefixSpace, boolean words) implements TextSplitter {
  /** Reads the pre-tokenizer's fields; {@code trim_offsets} only matters in a post-processor. */
  static ByteLevelSplitter of(JsonObject json) {
    Fields.only(json, "add_prefix_space", "trim_offsets", "use_regex");
    return new ByteLevelSplitter(json.bool("add_prefix_space"), json.bool("use_regex", true));
  }

  @Override
  public void split(AlignedText text, List<AlignedText> out) {
    AlignedText prefixed =
        prefixSpace && text.text().charAt(0) != ' ' ? Prepend.to(text, " ") : text;
    if (!words) {
      out.add(ByteAlphabet.encode(prefixed));
      return;
    }
    List<AlignedText> parts = new ArrayList<>();
    Behaviour.ISOLATED.apply(prefixed, Gpt2Words.find(prefixed.text()), parts);
    for (AlignedText part : parts) {
      out.add(ByteAlphabet.encode(part));
    }
  }
}
