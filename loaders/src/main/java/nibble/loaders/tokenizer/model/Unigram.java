package nibble.loaders.tokenizer.model;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.CharTrie;
import nibble.loaders.tokenizer.core.TokenList;
import org.jspecify.annotations.Nullable;

/**
 * Unigram language model: of all ways to cut a piece into tokens the one with the largest sum of
 * scores (Kudo, <a href="https://arxiv.org/abs/1804.10959">arXiv:1804.10959</a>, section 3.2),
 * found by Viterbi's algorithm from left to right; of equal sums the first found. A character
 * without a token of its own may be unknown at the smallest score less 10; neighbouring unknowns
 * are one.
 *
 * <p>Cost: length of the piece times length of the longest token.
 */
public final class Unigram implements TokenModel {
  private static final double UNKNOWN_PENALTY = 10;

  private final Vocabulary vocabulary;
  private final double[] scores;
  private final CharTrie trie;
  private final Unknown unknown;
  private final @Nullable ByteTokens byteTokens;
  private final double unknownScore;
  private final boolean floats;

  /**
   * A model.
   *
   * @param scores logarithm of the probability of each token
   * @param matched which tokens text may match; control tokens are not
   * @param unknown stands for characters without a token
   * @param byteFallback whether unknown characters become byte tokens where there are some
   * @param smallestScore what the score of unknown characters is derived from
   * @param floats whether sums are rounded to float, as SentencePiece does, or kept in double, as
   *     the Hugging Face tokenizers do
   */
  public Unigram(
      Vocabulary vocabulary,
      double[] scores,
      boolean[] matched,
      Unknown unknown,
      boolean byteFallback,
      double smallestScore,
      boolean floats) {
    this.vocabulary = vocabulary;
    this.floats = floats;
    this.scores = scores.clone();
    this.unknown = unknown;
    byteTokens = byteFallback ? ByteTokens.of(vocabulary) : null;
    unknownScore = smallestScore - UNKNOWN_PENALTY;
    trie = new CharTrie(vocabulary.size());
    for (int id = 0; id < scores.length; id++) {
      String token = vocabulary.token(id);
      if (matched[id] && token != null && !token.isEmpty()) {
        trie.put(token, id);
      }
    }
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public void tokenize(AlignedText piece, TokenList out) {
    String text = piece.text();
    int[] cameFrom = new int[text.length() + 1];
    int[] ids = new int[text.length() + 1];
    search(text, cameFrom, ids);
    addPath(piece, cameFrom, ids, out);
  }

  /**
   * Fills, for each position that a path reaches, where the last token of the best path began and
   * which it is; -1: unknown.
   */
  private void search(String text, int[] cameFrom, int[] ids) {
    double[] best = new double[text.length() + 1];
    Arrays.fill(best, Double.NEGATIVE_INFINITY);
    best[0] = 0;
    for (int from = 0, next; from < text.length(); from = next) {
      next = from + Character.charCount(text.codePointAt(from));
      boolean single = false;
      int node = CharTrie.ROOT;
      for (int i = from; i < text.length(); i++) {
        node = trie.child(node, text.charAt(i));
        if (node < 0) {
          break;
        }
        int id = trie.value(node);
        if (id >= 0) {
          relax(best, cameFrom, ids, from, i + 1, best[from] + scores[id], id);
          single |= i + 1 == next;
        }
      }
      if (!single) {
        relax(best, cameFrom, ids, from, next, best[from] + unknownScore, -1);
      }
    }
  }

  private void relax(
      double[] best, int[] cameFrom, int[] ids, int from, int to, double score, int id) {
    if (score > best[to]) {
      best[to] = floats ? (float) score : score;
      cameFrom[to] = from;
      ids[to] = id;
    }
  }

  private void addPath(AlignedText piece, int[] cameFrom, int[] ids, TokenList out) {
    int[] ends = new int[piece.length()];
    int count = 0;
    for (int at = piece.length(); at > 0; at = cameFrom[at]) {
      ends[count++] = at;
    }
    int unknownFrom = -1;
    for (int i = count - 1; i >= 0; i--) {
      int to = ends[i];
      if (ids[to] < 0) {
        unknownFrom = unknownFrom < 0 ? cameFrom[to] : unknownFrom;
        continue;
      }
      if (unknownFrom >= 0) {
        addUnknown(piece, unknownFrom, cameFrom[to], out);
        unknownFrom = -1;
      }
      out.add(ids[to], piece.start(cameFrom[to]), piece.end(to - 1));
    }
    if (unknownFrom >= 0) {
      addUnknown(piece, unknownFrom, piece.length(), out);
    }
  }

  private void addUnknown(AlignedText piece, int from, int to, TokenList out) {
    String text = piece.text().substring(from, to);
    int[] bytes = byteTokens == null ? null : byteTokens.ids(text.getBytes(StandardCharsets.UTF_8));
    int whole = vocabulary.id(text);
    if (whole >= 0 || bytes == null) {
      out.add(whole >= 0 ? whole : unknown.id(), piece.start(from), piece.end(to - 1));
      return;
    }
    for (int id : bytes) {
      out.add(id, piece.start(from), piece.end(to - 1));
    }
  }
}
