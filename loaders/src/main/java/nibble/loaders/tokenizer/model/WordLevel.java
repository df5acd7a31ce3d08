package nibble.loaders.tokenizer.model;

import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.TokenList;

/**
 * Every piece is one token.
 *
 * @param unknown id of pieces that are not in the vocabulary
 */
record WordLevel(Vocabulary vocabulary, int unknown) implements TokenModel {
  @Override
  public void tokenize(AlignedText piece, TokenList out) {
    int id = vocabulary.id(piece.text());
    out.add(id < 0 ? unknown : id, piece.start(0), piece.end(piece.length() - 1));
  }
}
