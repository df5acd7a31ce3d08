package nibble.loaders.tokenizer.sentencepiece;

import java.nio.charset.StandardCharsets;
import nibble.loaders.tokenizer.core.AlignedBuilder;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.CharTrie;
import nibble.loaders.tokenizer.core.Chars;
import nibble.loaders.tokenizer.normalize.CharsMap;
import nibble.loaders.tokenizer.normalize.TextNormalizer;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.Normalizer;

/**
 * The normalizer of SentencePiece ({@code Normalizer::Normalize}): at each place the longest
 * replacement of the map, spaces removed at the ends and where there are several, a space put in
 * front, spaces written as U+2581. Tokens that the user defined stay as they are.
 */
final class SpaceNormalizer implements TextNormalizer {
  static final char SPACE = '\u2581';
  private static final int LONGEST_KEY = 256;

  private final Normalizer options;
  private final CharTrie userDefined;
  private final boolean spaceBehind;

  SpaceNormalizer(Normalizer options, CharTrie userDefined, boolean spaceBehind) {
    this.options = options;
    this.userDefined = userDefined;
    this.spaceBehind = spaceBehind;
  }

  @Override
  public AlignedText apply(AlignedText text) {
    return new Pass(text).run();
  }

  /** One text on its way through. */
  private final class Pass {
    private final String source;
    private final byte[] bytes;
    private final AlignedText text;
    private final AlignedBuilder result;
    private final char space = options.escapeSpaces() ? SPACE : ' ';

    private int at;
    private int atByte;

    /** What stands at {@code at} now: its replacement, and where the rest of the text begins. */
    private String replacement = "";

    private int next;
    private int nextByte;

    private boolean afterSpace = options.removeExtraSpaces();

    Pass(AlignedText text) {
      this.text = text;
      source = text.text();
      bytes = source.getBytes(StandardCharsets.UTF_8);
      result = new AlignedBuilder(text);
    }

    AlignedText run() {
      skipLeadingSpaces();
      if (at == source.length()) {
        return result.build();
      }
      if (options.dummyPrefix() && !spaceBehind) {
        look();
        result.add(String.valueOf(space), at, next);
      }
      while (at < source.length()) {
        look();
        add(withoutLeadingSpaces(replacement));
        at = next;
        atByte = nextByte;
      }
      return finished();
    }

    private void skipLeadingSpaces() {
      while (options.removeExtraSpaces() && at < source.length()) {
        look();
        if (!replacement.equals(" ")) {
          return;
        }
        at = next;
        atByte = nextByte;
      }
    }

    private String withoutLeadingSpaces(String piece) {
      int from = 0;
      while (afterSpace && from < piece.length() && piece.charAt(from) == ' ') {
        from++;
      }
      return piece.substring(from);
    }

    private void add(String piece) {
      if (!piece.isEmpty()) {
        result.add(piece.replace(' ', space), at, next);
        afterSpace = options.removeExtraSpaces() && piece.endsWith(" ");
      }
    }

    /** The result, without spaces at the end where those go. */
    private AlignedText finished() {
      AlignedText all = result.build();
      int length = all.length();
      while (options.removeExtraSpaces() && length > 0 && all.text().charAt(length - 1) == space) {
        length--;
      }
      AlignedText trimmed =
          length == all.length()
              ? all
              : length == 0 ? new AlignedBuilder(text).build() : all.slice(0, length);
      if (!options.dummyPrefix() || !spaceBehind) {
        return trimmed;
      }
      AlignedBuilder behind = new AlignedBuilder(trimmed);
      behind.copy(0, trimmed.length());
      behind.add(String.valueOf(space), trimmed.length() - 1, trimmed.length());
      return behind.build();
    }

    /** Finds what stands at {@code at}. */
    private void look() {
      int user = userDefinedEnd();
      if (user > 0) {
        replaceBy(source.substring(at, user), user);
        return;
      }
      CharsMap.Match match =
          options.charsMap().longest(bytes, atByte, Math.min(bytes.length, atByte + LONGEST_KEY));
      int end = at + Character.charCount(source.codePointAt(at));
      if (match == null) {
        replaceBy(source.substring(at, end), end);
        return;
      }
      for (int covered = Chars.utf8Length(source.codePointAt(at)); covered < match.bytes(); ) {
        int c = source.codePointAt(end);
        covered += Chars.utf8Length(c);
        end += Character.charCount(c);
      }
      replaceBy(match.replacement(), end);
    }

    private void replaceBy(String text, int end) {
      replacement = text;
      next = end;
      nextByte = atByte;
      for (int i = at; i < end; i += Character.charCount(source.codePointAt(i))) {
        nextByte += Chars.utf8Length(source.codePointAt(i));
      }
    }

    private int userDefinedEnd() {
      int node = CharTrie.ROOT;
      int end = -1;
      for (int i = at; i < source.length(); i++) {
        node = userDefined.child(node, source.charAt(i));
        if (node < 0) {
          break;
        }
        end = userDefined.value(node) >= 0 ? i + 1 : end;
      }
      return end;
    }
  }
}
