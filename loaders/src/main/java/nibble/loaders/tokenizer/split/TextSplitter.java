package nibble.loaders.tokenizer.split;

import java.util.List;
import nibble.loaders.tokenizer.core.AlignedText;

/** One step that cuts a piece of text into smaller ones. Stateless: any thread may use it. */
@FunctionalInterface
public interface TextSplitter {
  /**
   * Adds the parts of {@code text}, which is not empty, to {@code out}; empty parts are left out.
   */
  void split(AlignedText text, List<AlignedText> out);
}
