package nibble.loaders.tokenizer.model;

import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.TokenList;

/** Turns a piece of text into tokens of a vocabulary. Any thread may use it. */
public interface TokenModel {
  /** Adds the tokens of {@code piece}, which is not empty, to {@code out}. */
  void tokenize(AlignedText piece, TokenList out);

  /** The tokens that there are. */
  Vocabulary vocabulary();
}
