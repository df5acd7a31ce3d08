package nibble.loaders.tokenizer.normalize;

import nibble.loaders.tokenizer.core.AlignedBuilder;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.Spans;
import nibble.loaders.tokenizer.core.TextPattern;

/** Puts {@code content} in place of every match of {@code pattern}. */
record Replacement(TextPattern pattern, String content) implements TextNormalizer {
  @Override
  public AlignedText apply(AlignedText text) {
    Spans spans = pattern.find(text.text());
    if (spans.size() == 0 || spans.size() == 1 && !spans.isMarked(0)) {
      return text;
    }
    if (replacesUnits(spans)) {
      return text.withText(replaced(text.text(), spans));
    }
    AlignedBuilder result = new AlignedBuilder(text);
    for (int i = 0; i < spans.size(); i++) {
      int from = spans.from(i);
      int to = spans.to(i);
      if (!spans.isMarked(i)) {
        result.copy(from, to);
      } else if (from < to) {
        result.add(content, from, to);
      } else {
        addBetween(result, from);
      }
    }
    return result.build();
  }

  /**
   * Adds the content for an empty match: it stands for the character before it, at the beginning
   * for the one behind it.
   */
  private void addBetween(AlignedBuilder result, int at) {
    int from = Math.max(0, at - 1);
    result.add(content, from, from + 1);
  }

  private boolean replacesUnits(Spans spans) {
    for (int i = 0; i < spans.size(); i++) {
      if (spans.isMarked(i) && (content.length() != 1 || spans.to(i) - spans.from(i) != 1)) {
        return false;
      }
    }
    return true;
  }

  private String replaced(String text, Spans spans) {
    char[] chars = text.toCharArray();
    for (int i = 0; i < spans.size(); i++) {
      if (spans.isMarked(i)) {
        chars[spans.from(i)] = content.charAt(0);
      }
    }
    return new String(chars);
  }
}
