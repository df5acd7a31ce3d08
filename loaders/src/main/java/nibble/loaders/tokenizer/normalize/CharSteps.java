package nibble.loaders.tokenizer.normalize;

import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
import nibble.loaders.tokenizer.core.AlignedBuilder;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.Chars;

/** Steps that look at one character at a time. */
final class CharSteps {
  private static final int CAPITAL_I_WITH_DOT = 0x130;

  private CharSteps() {}

  /** Keeps the characters that {@code keep} accepts. */
  static AlignedText filter(AlignedText text, IntPredicate keep) {
    String source = text.text();
    AlignedBuilder kept = null;
    for (int i = 0; i < source.length(); ) {
      int c = source.codePointAt(i);
      int next = i + Character.charCount(c);
      if (!keep.test(c)) {
        if (kept == null) {
          kept = new AlignedBuilder(text);
          kept.copy(0, i);
        }
      } else if (kept != null) {
        kept.copy(i, next);
      }
      i = next;
    }
    return kept == null ? text : kept.build();
  }

  /**
   * Replaces every character by another one of as many UTF-16 units, both from the basic plane
   * wherever they differ.
   */
  static AlignedText map(AlignedText text, IntUnaryOperator map) {
    String source = text.text();
    char[] mapped = null;
    for (int i = 0; i < source.length(); i++) {
      char c = source.charAt(i);
      char replacement = Character.isSurrogate(c) ? c : (char) map.applyAsInt(c);
      if (replacement != c) {
        mapped = mapped == null ? source.toCharArray() : mapped;
        mapped[i] = replacement;
      }
    }
    return mapped == null ? text : text.withText(new String(mapped));
  }

  /**
   * Lower case of every character by itself, as Rust's {@code char::to_lowercase}: no locale and no
   * look at neighbours, so a final sigma is like any other, and U+0130 becomes {@code i} and
   * U+0307.
   */
  static AlignedText lowercase(AlignedText text) {
    String source = text.text();
    char[] lower = null;
    for (int i = 0; i < source.length(); ) {
      int c = source.codePointAt(i);
      int lowered = lower(c);
      if (c == CAPITAL_I_WITH_DOT || Character.charCount(lowered) != Character.charCount(c)) {
        return lowercaseOfAnyLength(text);
      }
      if (lowered != c) {
        lower = lower == null ? source.toCharArray() : lower;
        Character.toChars(lowered, lower, i);
      }
      i += Character.charCount(c);
    }
    return lower == null ? text : text.withText(new String(lower));
  }

  private static int lower(int c) {
    return c < 0x80 ? c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c : Character.toLowerCase(c);
  }

  private static AlignedText lowercaseOfAnyLength(AlignedText text) {
    String source = text.text();
    AlignedBuilder lower = new AlignedBuilder(text);
    for (int i = 0; i < source.length(); ) {
      int c = source.codePointAt(i);
      int next = i + Character.charCount(c);
      lower.add(c == CAPITAL_I_WITH_DOT ? 'i' : lower(c), i, next);
      if (c == CAPITAL_I_WITH_DOT) {
        lower.add(0x307, i, next);
      }
      i = next;
    }
    return lower.build();
  }

  /** Removes white space at the ends. */
  static AlignedText strip(AlignedText text, boolean left, boolean right) {
    String source = text.text();
    int from = 0;
    int to = source.length();
    while (left && from < to && Chars.isWhitespace(source.charAt(from))) {
      from++;
    }
    while (right && from < to && Chars.isWhitespace(source.charAt(to - 1))) {
      to--;
    }
    if (from == 0 && to == source.length()) {
      return text;
    }
    AlignedBuilder stripped = new AlignedBuilder(text);
    stripped.copy(from, to);
    return stripped.build();
  }

  /** The clean-up of NMT models: control characters go, further spaces become U+0020. */
  static AlignedText nmt(AlignedText text) {
    return map(filter(text, c -> !isNmtControl(c)), c -> isNmtSpace(c) ? ' ' : c);
  }

  private static boolean isNmtControl(int c) {
    return c >= 1 && c <= 8
        || c == 0xB
        || c >= 0xE && c <= 0x1F
        || c == 0x7F
        || c == 0x8F
        || c == 0x9F;
  }

  private static boolean isNmtSpace(int c) {
    return switch (c) {
      case 0x9, 0xA, 0xC, 0xD, 0x1680, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD -> true;
      default -> c >= 0x200B && c <= 0x200F;
    };
  }
}
