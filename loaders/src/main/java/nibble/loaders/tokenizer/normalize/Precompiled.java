package nibble.loaders.tokenizer.normalize;

import java.nio.charset.StandardCharsets;
import java.text.BreakIterator;
import java.util.Locale;
import nibble.loaders.tokenizer.core.AlignedBuilder;
import nibble.loaders.tokenizer.core.AlignedText;

/**
 * The replacements of a {@link CharsMap} as the Hugging Face tokenizers apply them: to a grapheme
 * cluster of at most 5 bytes as a whole, by the shortest sequence that it begins with; else to each
 * of its characters. SentencePiece itself takes the longest sequence at each place.
 */
record Precompiled(CharsMap map) implements TextNormalizer {
  private static final int LONGEST_CLUSTER = 5;

  @Override
  public AlignedText apply(AlignedText text) {
    String source = text.text();
    AlignedBuilder result = new AlignedBuilder(text);
    BreakIterator clusters = BreakIterator.getCharacterInstance(Locale.ROOT);
    clusters.setText(source);
    for (int from = 0, to; from < source.length(); from = to) {
      to = clusters.following(from);
      cluster(source, from, to, result);
    }
    return result.build();
  }

  private void cluster(String source, int from, int to, AlignedBuilder result) {
    if (to - from <= LONGEST_CLUSTER && replaced(source, from, to, result, LONGEST_CLUSTER)) {
      return;
    }
    for (int i = from; i < to; ) {
      int next = i + Character.charCount(source.codePointAt(i));
      if (!replaced(source, i, next, result, Integer.MAX_VALUE)) {
        result.copy(i, next);
      }
      i = next;
    }
  }

  private boolean replaced(String source, int from, int to, AlignedBuilder result, int mostBytes) {
    byte[] bytes = source.substring(from, to).getBytes(StandardCharsets.UTF_8);
    CharsMap.Match match = bytes.length > mostBytes ? null : map.shortest(bytes, 0, bytes.length);
    if (match == null) {
      return false;
    }
    result.add(match.replacement(), from, to);
    return true;
  }
}
