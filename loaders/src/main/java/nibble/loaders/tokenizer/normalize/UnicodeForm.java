package nibble.loaders.tokenizer.normalize;

import java.text.Normalizer;
import nibble.loaders.tokenizer.core.AlignedBuilder;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.Chars;

/**
 * A Unicode normalization form (UAX 15), by the Unicode tables of the JDK. Works through the text
 * in segments: a character with all that may combine with it. Whatever a segment becomes stands for
 * all of its characters.
 *
 * <p>Reordering marks takes quadratic time, so a run of marks is cut after {@value #LONGEST} units;
 * no text but an attack has such runs.
 */
record UnicodeForm(Normalizer.Form form) implements TextNormalizer {
  private static final int LONGEST = 4096;

  @Override
  public AlignedText apply(AlignedText text) {
    String source = text.text();
    if (Chars.isAscii(source) || Normalizer.isNormalized(source, form)) {
      return text;
    }
    AlignedBuilder result = new AlignedBuilder(text);
    for (int from = 0; from < source.length(); ) {
      int to = segmentEnd(source, from);
      if (to - from == 1 && source.charAt(from) < 0x80) {
        result.copy(from, to);
      } else {
        String segment = source.substring(from, to);
        String normalized = Normalizer.normalize(segment, form);
        if (normalized.equals(segment)) {
          result.copy(from, to);
        } else {
          result.add(normalized, from, to);
        }
      }
      from = to;
    }
    return result.build();
  }

  private static int segmentEnd(String text, int from) {
    int to = from + Character.charCount(text.codePointAt(from));
    while (to < text.length() && to - from < LONGEST) {
      int c = text.codePointAt(to);
      if (!continues(c)) {
        break;
      }
      to += Character.charCount(c);
    }
    return to;
  }

  /**
   * Whether {@code c} may combine with what stands before it: marks, vowels and finals of Hangul,
   * also in their compatibility forms.
   */
  private static boolean continues(int c) {
    return Chars.isMark(c)
        || c >= 0x1160 && c <= 0x11FF
        || c >= 0x3130 && c <= 0x318F
        || c >= 0xFF9E && c <= 0xFFDC;
  }
}
