package nibble.loaders.tokenizer.normalize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.text.Normalizer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.domains.Domain;
import net.jqwik.api.domains.DomainContext;
import nibble.loaders.tokenizer.UnicodeTexts;
import nibble.loaders.tokenizer.core.AlignedText;
import org.junit.jupiter.api.Test;

@Domain(DomainContext.Global.class)
@Domain(UnicodeTexts.class)
class UnicodeFormTest {
  @Property
  void segmentBySegmentIsTheSameAsAtOnce(@ForAll String text, @ForAll Normalizer.Form form) {
    AlignedText result = new UnicodeForm(form).apply(AlignedText.of(text));
    assertEquals(Normalizer.normalize(text, form), result.text());
    for (int i = 0; i < result.length(); i++) {
      assertTrue(
          result.start(i) < result.end(i) && (i == 0 || result.start(i) >= result.start(i - 1)));
    }
  }

  /** Every character after every kind of neighbour that could combine with it. */
  @Test
  void everyCharacterKeepsToItsSegment() {
    for (Normalizer.Form form : Normalizer.Form.values()) {
      for (int c = 0x80; c < 0x12000; c++) {
        if (Character.getType(c) == Character.UNASSIGNED
            || c >= 0xD800 && c <= 0xDFFF
            || c >= 0x4E01 && c < 0x9F00
            || c > 0xAC80 && c < 0xD700) {
          continue;
        }
        String text =
            "a" + Character.toString(c) + "\u0301\u0323가ᄒ" + Character.toString(c) + "\u1161ᆫ";
        assertEquals(
            Normalizer.normalize(text, form),
            new UnicodeForm(form).apply(AlignedText.of(text)).text());
      }
    }
  }
}
