package nibble.loaders.tokenizer.sentencepiece;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import nibble.loaders.BadFileException;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.CharTrie;
import nibble.loaders.tokenizer.core.LongIntMap;
import nibble.loaders.tokenizer.core.TokenList;
import nibble.loaders.tokenizer.model.ByteTokens;
import nibble.loaders.tokenizer.model.Merges;
import nibble.loaders.tokenizer.model.Symbols;
import nibble.loaders.tokenizer.model.TokenModel;
import nibble.loaders.tokenizer.model.Vocabulary;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.Piece;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.PieceType;
import org.jspecify.annotations.Nullable;

/**
 * BPE as SentencePiece does it ({@code bpe::Model::Encode}): two neighbours merge if what they
 * spell together is a token, the one of the highest score first, of equal ones the leftmost. Tokens
 * that the user defined are cut out first and never merge. Cost: n log n of the length.
 */
final class SentencePieceBpe implements TokenModel {
  private static final long MOST_MERGES = 50_000_000;

  private final Vocabulary vocabulary;
  private final SentencePieceModel model;
  private final LongIntMap characters = new LongIntMap(1024);
  private final Merges merges;
  private final CharTrie userDefined;
  private final @Nullable ByteTokens byteTokens;

  /** Symbols below are tokens; those from here on are single characters that are no tokens. */
  private final int ghosts;

  private int ghostCount;

  /** The symbol of characters that occur in no token; those above are tokens that never merge. */
  private final int frozen;

  SentencePieceBpe(
      String source, SentencePieceModel model, Vocabulary vocabulary, CharTrie userDefined) {
    this.model = model;
    this.vocabulary = vocabulary;
    this.userDefined = userDefined;
    ghosts = model.pieces().size();
    byteTokens = model.byteFallback() ? ByteTokens.of(vocabulary) : null;
    merges = merges(source);
    frozen = ghosts + ghostCount;
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  private Merges merges(String source) {
    List<Piece> pieces = model.pieces();
    long splits = 0;
    for (int id = 0; id < ghosts; id++) {
      String text = pieces.get(id).text();
      if (pieces.get(id).type() == PieceType.NORMAL
          && text.length() == Character.charCount(text.codePointAt(0))) {
        characters.put(text.codePointAt(0), id);
      }
      splits += pieces.get(id).type() == PieceType.NORMAL ? text.length() : 0;
    }
    if (splits > MOST_MERGES) {
      throw new BadFileException(
          source
              + ": has pieces of %d characters in all, allowed are %d"
                  .formatted(splits, MOST_MERGES));
    }
    int[] ranks = ranks(pieces);
    int[] columns = new int[4 * 1024];
    int count = 0;
    for (int id = 0; id < ghosts; id++) {
      if (pieces.get(id).type() != PieceType.NORMAL) {
        continue;
      }
      String text = pieces.get(id).text();
      for (int cut = Character.charCount(text.codePointAt(0));
          cut < text.length();
          cut += Character.charCount(text.codePointAt(cut))) {
        int left = symbol(text.substring(0, cut));
        int right = symbol(text.substring(cut));
        if (left >= 0 && right >= 0) {
          if (count + 4 > columns.length) {
            columns = Arrays.copyOf(columns, 2 * columns.length);
          }
          columns[count++] = left;
          columns[count++] = right;
          columns[count++] = id;
          columns[count++] = ranks[id];
        }
      }
    }
    return new Merges(
        column(columns, count, 0),
        column(columns, count, 1),
        column(columns, count, 2),
        column(columns, count, 3));
  }

  private static int[] column(int[] columns, int count, int index) {
    int[] column = new int[count / 4];
    for (int i = 0; i < column.length; i++) {
      column[i] = columns[4 * i + index];
    }
    return column;
  }

  /** The rank of each piece among all scores: 0 for the highest; equal scores have equal ranks. */
  private static int[] ranks(List<Piece> pieces) {
    float[] scores = new float[pieces.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = -pieces.get(i).score() + 0f;
    }
    float[] sorted = scores.clone();
    Arrays.sort(sorted);
    int[] ranks = new int[scores.length];
    for (int i = 0; i < ranks.length; i++) {
      ranks[i] = firstOf(sorted, scores[i]);
    }
    return ranks;
  }

  private static int firstOf(float[] sorted, float score) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = low + high >>> 1;
      if (sorted[middle] < score) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * The symbol spelled {@code text}: a normal token, or a character that is none; -1 if neither.
   */
  private int symbol(String text) {
    int id = vocabulary.id(text);
    if (id >= 0 && model.pieces().get(id).type() == PieceType.NORMAL) {
      return id;
    }
    return text.length() == Character.charCount(text.codePointAt(0))
        ? ghost(text.codePointAt(0))
        : -1;
  }

  private int ghost(int c) {
    int known = characters.get(c);
    if (known < 0) {
      known = ghosts + ghostCount++;
      characters.put(c, known);
    }
    return known;
  }

  @Override
  public void tokenize(AlignedText piece, TokenList out) {
    Symbols symbols = symbols(piece.text());
    symbols.merge(merges);
    int from = 0;
    int unknownFrom = -1;
    for (int i = 0; i < symbols.size(); i++) {
      int to = from + symbols.length(i);
      int id = id(symbols.id(i));
      if (id == model.unknown()) {
        unknownFrom = unknownFrom < 0 ? from : unknownFrom;
      } else {
        addUnknown(piece, unknownFrom, from, out);
        unknownFrom = -1;
        out.add(id, piece.start(from), piece.end(to - 1));
      }
      from = to;
    }
    addUnknown(piece, unknownFrom, from, out);
  }

  private Symbols symbols(String text) {
    Symbols symbols = new Symbols(text.length());
    for (int from = 0, to; from < text.length(); from = to) {
      int c = text.codePointAt(from);
      to = from + Character.charCount(c);
      int id = characters.get(c);
      int node = CharTrie.ROOT;
      for (int i = from; i < text.length(); i++) {
        node = userDefined.child(node, text.charAt(i));
        if (node < 0) {
          break;
        }
        if (userDefined.value(node) >= 0) {
          id = frozen + 1 + userDefined.value(node);
          to = i + 1;
        }
      }
      symbols.add(id < 0 ? frozen : id, to - from);
    }
    return symbols;
  }

  /** The token that {@code symbol} is in the end. */
  private int id(int symbol) {
    if (symbol < ghosts) {
      return symbol;
    }
    return symbol <= frozen ? model.unknown() : symbol - frozen - 1;
  }

  /**
   * Adds unknown text {@code [from, to)}: byte tokens where there are some, else one unknown token.
   */
  private void addUnknown(AlignedText piece, int from, int to, TokenList out) {
    if (from < 0) {
      return;
    }
    if (byteTokens == null) {
      out.add(model.unknown(), piece.start(from), piece.end(to - 1));
      return;
    }
    String text = piece.text();
    for (int i = from, next; i < to; i = next) {
      next = i + Character.charCount(text.codePointAt(i));
      int[] bytes = byteTokens.ids(text.substring(i, next).getBytes(StandardCharsets.UTF_8));
      for (int id : bytes == null ? new int[] {model.unknown()} : bytes) {
        out.add(id, piece.start(i), piece.end(next - 1));
      }
    }
  }
}
