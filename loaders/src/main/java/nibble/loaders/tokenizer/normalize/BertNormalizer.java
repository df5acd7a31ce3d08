package nibble.loaders.tokenizer.normalize;

import java.text.Normalizer;
import nibble.loaders.tokenizer.core.AlignedBuilder;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.Chars;

/**
 * The cleaning of BERT.
 *
 * @param cleanText drop control, format, private and unassigned characters, and make all white
 *     space U+0020
 * @param spaceChinese put spaces around CJK ideographs
 * @param stripAccents decompose (NFD) and drop non-spacing marks
 * @param lowercase make everything lower case
 */
record BertNormalizer(
    boolean cleanText, boolean spaceChinese, boolean stripAccents, boolean lowercase)
    implements TextNormalizer {
  private static final UnicodeForm NFD = new UnicodeForm(Normalizer.Form.NFD);
  private static final int OTHER =
      1 << Character.CONTROL
          | 1 << Character.FORMAT
          | 1 << Character.PRIVATE_USE
          | 1 << Character.UNASSIGNED
          | 1 << Character.SURROGATE;

  @Override
  public AlignedText apply(AlignedText text) {
    AlignedText result = text;
    if (cleanText) {
      result =
          CharSteps.map(
              CharSteps.filter(result, BertNormalizer::isClean),
              c -> Chars.isWhitespace(c) ? ' ' : c);
    }
    if (Chars.isAscii(result.text())) {
      return lowercase ? CharSteps.lowercase(result) : result;
    }
    if (spaceChinese) {
      result = spaceChinese(result);
    }
    if (stripAccents) {
      result =
          CharSteps.filter(
              NFD.apply(result),
              c -> c < 0x300 || Character.getType(c) != Character.NON_SPACING_MARK);
    }
    return lowercase ? CharSteps.lowercase(result) : result;
  }

  private static boolean isClean(int c) {
    if (c < 0x7F) {
      return c >= ' ' || c == '\t' || c == '\n' || c == '\r';
    }
    return c != 0xFFFD && (OTHER >> Character.getType(c) & 1) == 0;
  }

  private static AlignedText spaceChinese(AlignedText text) {
    String source = text.text();
    if (source.codePoints().noneMatch(BertNormalizer::isChinese)) {
      return text;
    }
    AlignedBuilder spaced = new AlignedBuilder(text);
    for (int i = 0; i < source.length(); ) {
      int c = source.codePointAt(i);
      int next = i + Character.charCount(c);
      if (isChinese(c)) {
        spaced.add(' ', i, next);
        spaced.add(c, i, next);
        spaced.add(' ', i, next);
      } else {
        spaced.copy(i, next);
      }
      i = next;
    }
    return spaced.build();
  }

  /**
   * The blocks that BERT calls Chinese; 2B920 instead of 2B820 is what the Hugging Face tokenizers
   * have.
   */
  private static boolean isChinese(int c) {
    return c >= 0x3400
        && (c <= 0x4DBF
            || c >= 0x4E00 && c <= 0x9FFF
            || c >= 0xF900 && c <= 0xFAFF
            || c >= 0x20000 && c <= 0x2A6DF
            || c >= 0x2A700 && c <= 0x2B73F
            || c >= 0x2B740 && c <= 0x2B81F
            || c >= 0x2B920 && c <= 0x2CEAF
            || c >= 0x2F800 && c <= 0x2FA1F);
  }
}
