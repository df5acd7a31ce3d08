package nibble.loaders.tokenizer.core;

import java.util.function.IntPredicate;

/** Finds matches in a text. */
public interface TextPattern {
  /**
   * {@code text} cut into ranges that cover all of it, matches marked. Empty matches are empty
   * ranges.
   */
  Spans find(String text);

  /** Matches every single character that {@code test} accepts. */
  static TextPattern character(IntPredicate test) {
    return text -> {
      Spans spans = new Spans();
      int open = 0;
      for (int i = 0; i < text.length(); ) {
        int c = text.codePointAt(i);
        int next = i + Character.charCount(c);
        if (test.test(c)) {
          if (open < i) {
            spans.add(open, i, false);
          }
          spans.add(i, next, true);
          open = next;
        }
        i = next;
      }
      if (open < text.length()) {
        spans.add(open, text.length(), false);
      }
      return spans;
    };
  }

  /** Matches {@code literal}, which is not empty. */
  static TextPattern literal(String literal) {
    return text -> {
      Spans spans = new Spans();
      int open = 0;
      for (int at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, open)) {
        if (open < at) {
          spans.add(open, at, false);
        }
        open = at + literal.length();
        spans.add(at, open, true);
      }
      if (open < text.length()) {
        spans.add(open, text.length(), false);
      }
      return spans;
    };
  }

  /** Matches what this pattern does not match. */
  default TextPattern inverted() {
    return text -> {
      Spans spans = find(text);
      Spans inverted = new Spans();
      for (int i = 0; i < spans.size(); i++) {
        inverted.add(spans.from(i), spans.to(i), !spans.isMarked(i));
      }
      return inverted;
    };
  }
}
