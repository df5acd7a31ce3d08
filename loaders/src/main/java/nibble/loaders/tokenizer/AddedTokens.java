package nibble.loaders.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.CharTrie;
import nibble.loaders.tokenizer.core.Chars;
import nibble.loaders.tokenizer.core.Piece;
import nibble.loaders.tokenizer.normalize.TextNormalizer;
import org.jspecify.annotations.Nullable;

/**
 * The added tokens of a tokenizer: finds them in text, always the leftmost and of those the
 * longest.
 */
final class AddedTokens {
  private final Map<Integer, AddedToken> byId = new LinkedHashMap<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final CharTrie plain = new CharTrie(64);
  private final CharTrie normalized = new CharTrie(64);

  AddedTokens(List<AddedToken> tokens, TextNormalizer normalizer) {
    for (AddedToken token : tokens) {
      byId.put(token.id(), token);
      ids.put(token.content(), token.id());
      String written =
          token.normalized()
              ? normalizer.apply(AlignedText.of(token.content())).text()
              : token.content();
      if (!written.isEmpty()) {
        (token.normalized() ? normalized : plain).put(written, token.id());
      }
    }
  }

  List<AddedToken> all() {
    return List.copyOf(byId.values());
  }

  @Nullable AddedToken byId(int id) {
    return byId.get(id);
  }

  /** The id of the token written {@code content}; -1 if there is none. */
  int id(String content) {
    return ids.getOrDefault(content, -1);
  }

  /**
   * Cuts {@code text} at the tokens that are looked for before normalization; special ones only if
   * {@code special}.
   */
  List<Piece> split(AlignedText text, boolean special) {
    return split(text, plain, special);
  }

  /**
   * Cuts normalized {@code text} at the tokens that are looked for in it; special ones only if
   * {@code special}.
   */
  List<Piece> splitNormalized(AlignedText text, boolean special) {
    return split(text, normalized, special);
  }

  private List<Piece> split(AlignedText text, CharTrie trie, boolean special) {
    List<Piece> pieces = new ArrayList<>();
    String source = text.text();
    int open = 0;
    for (int at = 0; at < source.length(); ) {
      int end = longestMatch(source, at, trie);
      if (end < 0) {
        at++;
        continue;
      }
      AddedToken token = byId.get(trie.value(trie.walk(source.subSequence(at, end))));
      if (token != null && counts(token, source, at, end, special)) {
        int from = token.stripLeft() ? Math.max(open, spacesBefore(source, at)) : at;
        int to = token.stripRight() ? spacesBehind(source, end) : end;
        if (open < from) {
          pieces.add(Piece.of(text.slice(open, from)));
        }
        pieces.add(new Piece(text.slice(from, to), token.id()));
        open = to;
        end = to;
      }
      at = end;
    }
    if (open < source.length()) {
      pieces.add(Piece.of(text.slice(open, source.length())));
    }
    return pieces;
  }

  /** The end of the longest token that begins at {@code at}; -1 if none does. */
  private static int longestMatch(String source, int at, CharTrie trie) {
    int longest = -1;
    int node = CharTrie.ROOT;
    for (int i = at; i < source.length(); i++) {
      node = trie.child(node, source.charAt(i));
      if (node < 0) {
        break;
      }
      if (trie.value(node) >= 0) {
        longest = i + 1;
      }
    }
    return longest;
  }

  private static boolean counts(
      AddedToken token, String source, int from, int to, boolean special) {
    if (token.special() && !special) {
      return false;
    }
    return !token.singleWord()
        || (from == 0 || !Chars.isWord(source.codePointBefore(from)))
            && (to == source.length() || !Chars.isWord(source.codePointAt(to)));
  }

  private static int spacesBefore(String source, int at) {
    int from = at;
    while (from > 0 && Chars.isWhitespace(source.charAt(from - 1))) {
      from--;
    }
    return from;
  }

  private static int spacesBehind(String source, int at) {
    int to = at;
    while (to < source.length() && Chars.isWhitespace(source.charAt(to))) {
      to++;
    }
    return to;
  }
}
