package nibble.loaders.tokenizer.split;

import nibble.loaders.tokenizer.core.Chars;
import nibble.loaders.tokenizer.core.Spans;

/**
 * The word pattern of GPT-2, {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+|
 * ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}, in one pass by hand. Every character belongs to a match.
 */
final class Gpt2Words {
  private static final int LETTER = 0;
  private static final int NUMBER = 1;
  private static final int SPACE = 2;
  private static final int OTHER = 3;

  private Gpt2Words() {}

  static Spans find(String text) {
    Spans spans = new Spans();
    for (int from = 0, to; from < text.length(); from = to) {
      to = end(text, from);
      spans.add(from, to, true);
    }
    return spans;
  }

  private static int end(String text, int from) {
    char first = text.charAt(from);
    if (first == '\'') {
      int contraction = contraction(text, from);
      if (contraction > 0) {
        return from + contraction;
      }
    }
    int start = first == ' ' && from + 1 < text.length() ? from + 1 : from;
    int kind = kind(text.codePointAt(start));
    return kind == SPACE ? endOfSpaces(text, from) : endOfRun(text, start, kind);
  }

  private static int contraction(String text, int at) {
    char next = at + 1 < text.length() ? text.charAt(at + 1) : ' ';
    return switch (next) {
      case 's', 't', 'm', 'd' -> 2;
      case 'r', 'v' -> at + 2 < text.length() && text.charAt(at + 2) == 'e' ? 3 : 0;
      case 'l' -> at + 2 < text.length() && text.charAt(at + 2) == 'l' ? 3 : 0;
      default -> 0;
    };
  }

  /** All spaces, but the last one is left to the word behind them unless it is the only one. */
  private static int endOfSpaces(String text, int from) {
    int to = endOfRun(text, from, SPACE);
    return to == text.length() || to - from == 1 ? to : to - 1;
  }

  private static int endOfRun(String text, int from, int kind) {
    int at = from;
    while (at < text.length()) {
      int c = text.codePointAt(at);
      if (kind(c) != kind) {
        break;
      }
      at += Character.charCount(c);
    }
    return at;
  }

  private static int kind(int c) {
    if (c < 0x80 ? c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' : Character.isLetter(c)) {
      return LETTER;
    }
    if (Chars.isNumeric(c)) {
      return NUMBER;
    }
    return Chars.isWhitespace(c) ? SPACE : OTHER;
  }
}
