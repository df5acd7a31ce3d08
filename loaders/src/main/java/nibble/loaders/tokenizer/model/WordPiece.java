package nibble.loaders.tokenizer.model;

import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.CharTrie;
import nibble.loaders.tokenizer.core.TokenList;

/**
 * WordPiece: from the left, always the longest token that fits; tokens inside a word begin with a
 * prefix in the vocabulary. A word that cannot be covered, or with too many characters, is one
 * unknown token.
 *
 * <p>Schuster, Nakajima: Japanese and Korean voice search, ICASSP 2012; greedy matching as in BERT.
 * Cost: word length times the length of the longest token.
 */
final class WordPiece implements TokenModel {
  private final Vocabulary vocabulary;
  private final CharTrie trie;
  private final int inside;
  private final int unknown;
  private final int longestWord;

  WordPiece(Vocabulary vocabulary, String prefix, int unknown, int longestWord) {
    this.vocabulary = vocabulary;
    this.unknown = unknown;
    this.longestWord = longestWord;
    trie = new CharTrie(vocabulary.size());
    for (int id = 0; id < vocabulary.idLimit(); id++) {
      String token = vocabulary.token(id);
      if (token != null && vocabulary.id(token) == id) {
        trie.put(token, id);
      }
    }
    inside = trie.walk(prefix);
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public void tokenize(AlignedText piece, TokenList out) {
    String word = piece.text();
    if (word.codePointCount(0, word.length()) > longestWord) {
      out.add(unknown, piece.start(0), piece.end(word.length() - 1));
      return;
    }
    TokenList tokens = new TokenList(8);
    for (int from = 0; from < word.length(); ) {
      int node = from == 0 ? CharTrie.ROOT : inside;
      int id = -1;
      int to = from;
      for (int i = from; i < word.length() && node >= 0; i++) {
        node = trie.child(node, word.charAt(i));
        if (node >= 0 && trie.value(node) >= 0) {
          id = trie.value(node);
          to = i + 1;
        }
      }
      if (id < 0) {
        out.add(unknown, piece.start(0), piece.end(word.length() - 1));
        return;
      }
      tokens.add(id, piece.start(from), piece.end(to - 1));
      from = to;
    }
    for (int i = 0; i < tokens.size(); i++) {
      out.add(tokens.id(i), tokens.start(i), tokens.end(i));
    }
  }
}
