package nibble.loaders.tokenizer.model;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReferenceArray;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.LongIntMap;
import nibble.loaders.tokenizer.core.TokenList;
import org.jspecify.annotations.Nullable;

/**
 * Byte pair encoding: characters first, then merges of neighbours in the order of their ranks
 * (Sennrich, Haddow, Birch, <a href="https://arxiv.org/abs/1508.07909">arXiv:1508.07909</a>,
 * section 3.2).
 *
 * <p>Recent short pieces are remembered, in a table of fixed size. Cost: n log n of the length of a
 * piece.
 */
final class Bpe implements TokenModel {
  private static final int REMEMBERED = 1 << 14;
  private static final int LONGEST_REMEMBERED = 32;

  private final Vocabulary vocabulary;
  private final Merges merges;
  private final BpeOptions options;
  private final LongIntMap characters;
  private final @Nullable ByteTokens byteTokens;
  private final AtomicReferenceArray<@Nullable Remembered> memory =
      new AtomicReferenceArray<>(REMEMBERED);

  /** A piece with the ids and lengths of its tokens, alternating. */
  private record Remembered(String piece, int[] tokens) {}

  Bpe(Vocabulary vocabulary, Merges merges, BpeOptions options) {
    this.vocabulary = vocabulary;
    this.merges = merges;
    this.options = options;
    characters = characters(vocabulary);
    byteTokens = options.byteFallback() ? ByteTokens.of(vocabulary) : null;
  }

  private static LongIntMap characters(Vocabulary vocabulary) {
    LongIntMap characters = new LongIntMap(1024);
    for (int id = 0; id < vocabulary.idLimit(); id++) {
      String token = vocabulary.token(id);
      if (token != null
          && !token.isEmpty()
          && token.length() == Character.charCount(token.codePointAt(0))) {
        characters.put(token.codePointAt(0), id);
      }
    }
    return characters;
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public void tokenize(AlignedText piece, TokenList out) {
    String text = piece.text();
    int[] tokens = text.length() > LONGEST_REMEMBERED ? tokens(text) : remembered(text);
    int from = 0;
    for (int i = 0; i < tokens.length; i += 2) {
      int to = from + tokens[i + 1];
      // A byte token of a character covers all of it: its length is that of the character for the
      // last byte, else 0.
      int last = to > from ? to : from + Character.charCount(text.codePointAt(from));
      out.add(tokens[i], piece.start(from), piece.end(last - 1));
      from = to;
    }
  }

  private int[] remembered(String text) {
    int slot = (text.hashCode() * 0x9E3779B9) >>> 18;
    Remembered found = memory.getPlain(slot);
    if (found != null && found.piece.equals(text)) {
      return found.tokens;
    }
    int[] tokens = tokens(text);
    memory.setRelease(slot, new Remembered(text, tokens));
    return tokens;
  }

  private int[] tokens(String text) {
    int whole = options.ignoreMerges() ? vocabulary.id(text) : -1;
    if (whole >= 0) {
      return new int[] {whole, text.length()};
    }
    Symbols symbols = characters(text);
    symbols.merge(merges);
    int[] tokens = new int[2 * symbols.size()];
    for (int i = 0; i < symbols.size(); i++) {
      tokens[2 * i] = symbols.id(i);
      tokens[2 * i + 1] = symbols.length(i);
    }
    return tokens;
  }

  private Symbols characters(String text) {
    Symbols symbols = new Symbols(text.length());
    int unknownLength = 0;
    for (int from = 0; from < text.length(); ) {
      int c = text.codePointAt(from);
      int to = from + Character.charCount(c);
      int id =
          options.isPlain(text, from, to)
              ? characters.get(c)
              : vocabulary.id(options.spelling(text, from, to));
      if (id >= 0) {
        addUnknown(symbols, unknownLength);
        unknownLength = 0;
        symbols.add(id, to - from);
      } else if (byteTokens == null
          || !addBytes(symbols, byteTokens, options.spelling(text, from, to), to - from)) {
        if (!options.fuseUnknown()) {
          addUnknown(symbols, unknownLength);
          unknownLength = 0;
        }
        unknownLength += to - from;
      }
      from = to;
    }
    addUnknown(symbols, unknownLength);
    return symbols;
  }

  private void addUnknown(Symbols symbols, int length) {
    if (length > 0 && options.unknown().id() >= 0) {
      symbols.add(options.unknown().id(), length);
    }
  }

  private static boolean addBytes(
      Symbols symbols, ByteTokens byteTokens, String spelling, int length) {
    int[] ids = byteTokens.ids(spelling.getBytes(StandardCharsets.UTF_8));
    if (ids == null) {
      return false;
    }
    for (int i = 0; i < ids.length; i++) {
      symbols.add(ids[i], i + 1 < ids.length ? 0 : length);
    }
    return true;
  }
}
