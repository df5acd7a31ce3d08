package nibble.loaders.tokenizer.finish;

import org.jspecify.annotations.Nullable;

/** The spelling of a token in the vocabulary. */
@FunctionalInterface
public interface Spelling {
  /** How {@code id} is written; null for an added token, which is written as in the text. */
  @Nullable String of(int id);
}
