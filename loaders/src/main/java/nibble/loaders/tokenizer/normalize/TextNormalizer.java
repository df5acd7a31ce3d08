package nibble.loaders.tokenizer.normalize;

import nibble.loaders.tokenizer.core.AlignedText;

/** One step that changes text. Stateless: any thread may use it. */
@FunctionalInterface
public interface TextNormalizer {
  /** {@code text} changed; the same object where nothing is to be done. */
  AlignedText apply(AlignedText text);
}
