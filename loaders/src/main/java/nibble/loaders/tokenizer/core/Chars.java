package nibble.loaders.tokenizer.core;

/**
 * Classes of characters as the Rust standard library and the Hugging Face tokenizers define them;
 * code points throughout.
 */
public final class Chars {
  private static final int SPACES =
      1 << Character.SPACE_SEPARATOR
          | 1 << Character.LINE_SEPARATOR
          | 1 << Character.PARAGRAPH_SEPARATOR;
  private static final int NUMBERS =
      1 << Character.DECIMAL_DIGIT_NUMBER
          | 1 << Character.LETTER_NUMBER
          | 1 << Character.OTHER_NUMBER;
  private static final int PUNCTUATION =
      1 << Character.CONNECTOR_PUNCTUATION
          | 1 << Character.DASH_PUNCTUATION
          | 1 << Character.START_PUNCTUATION
          | 1 << Character.END_PUNCTUATION
          | 1 << Character.INITIAL_QUOTE_PUNCTUATION
          | 1 << Character.FINAL_QUOTE_PUNCTUATION
          | 1 << Character.OTHER_PUNCTUATION;
  private static final int MARKS =
      1 << Character.NON_SPACING_MARK
          | 1 << Character.ENCLOSING_MARK
          | 1 << Character.COMBINING_SPACING_MARK;

  private Chars() {}

  /**
   * Unicode property White_Space: also U+0085, U+00A0 and U+3000, but neither zero width space nor
   * U+FEFF.
   */
  public static boolean isWhitespace(int c) {
    return c < 0x80 ? c == ' ' || c >= 9 && c <= 13 : c == 0x85 || in(SPACES, c);
  }

  /** Categories Nd, Nl and No. */
  public static boolean isNumeric(int c) {
    return c < 0x80 ? c >= '0' && c <= '9' : in(NUMBERS, c);
  }

  /** ASCII punctuation (which includes symbols such as {@code $} and {@code +}) and category P. */
  public static boolean isPunctuation(int c) {
    return c < 0x80 ? c > ' ' && c < 0x7F && !isAsciiLetterOrDigit(c) : in(PUNCTUATION, c);
  }

  private static boolean isAsciiLetterOrDigit(int c) {
    return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z';
  }

  /** Category M. */
  public static boolean isMark(int c) {
    return c >= 0x300 && in(MARKS, c);
  }

  /**
   * Whether {@code c} is a letter, mark, number, connector or joiner: {@code \w} of Rust's regex
   * crate.
   */
  public static boolean isWord(int c) {
    if (c < 0x80) {
      return isAsciiLetterOrDigit(c) || c == '_';
    }
    return Character.isAlphabetic(c)
        || in(MARKS | 1 << Character.DECIMAL_DIGIT_NUMBER | 1 << Character.CONNECTOR_PUNCTUATION, c)
        || c == 0x200C
        || c == 0x200D;
  }

  /** Whether all of {@code text} is ASCII. */
  public static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  /** Number of bytes of {@code c} in UTF-8. */
  public static int utf8Length(int c) {
    return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  }

  /**
   * {@code text} with U+FFFD for every half of a surrogate pair that stands alone; the length
   * stays.
   */
  public static String withoutLoneSurrogates(String text) {
    StringBuilder repaired = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) {
        continue;
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else {
        repaired = repaired == null ? new StringBuilder(text) : repaired;
        repaired.setCharAt(i, '\uFFFD');
      }
    }
    return repaired == null ? text : repaired.toString();
  }

  private static boolean in(int categories, int c) {
    return (categories >> Character.getType(c) & 1) != 0;
  }
}
