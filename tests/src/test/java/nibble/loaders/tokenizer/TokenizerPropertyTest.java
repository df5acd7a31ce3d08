package nibble.loaders.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.domains.Domain;
import net.jqwik.api.domains.DomainContext;
import org.junit.jupiter.api.Test;

@Domain(DomainContext.Global.class)
@Domain(UnicodeTexts.class)
class TokenizerPropertyTest {
  private static final Tokenizer BYTES = GoldenTokenizers.of("byte bpe");
  private static final Tokenizer SENTENCE_PIECE = GoldenTokenizers.of("spm bpe");

  @Property
  void byteLevelGivesBackEveryText(@ForAll String text) {
    int[] ids = BYTES.encode(text).ids();
    assertEquals(text, BYTES.decode(ids, false));
    assertEquals(text.replace("<|end|>", ""), ReferenceTokenizersTest.streamed(BYTES, ids));
  }

  @Property
  void byteFallbackGivesBackEveryTextWithoutVisibleSpaces(@ForAll String text) {
    String plain =
        text.replace('▁', '_').replace("<unk>", "").replace("<s>", "").replace("</s>", "");
    int[] ids = SENTENCE_PIECE.encode(plain).ids();
    assertEquals(plain, SENTENCE_PIECE.decode(ids, false));
    assertEquals(plain, ReferenceTokenizersTest.streamed(SENTENCE_PIECE, ids));
  }

  /** Every unit of the text belongs to a token, ranges go forward and never cut a pair. */
  @Property
  void rangesCoverTheText(@ForAll String text) {
    for (Tokenizer tokenizer : List.of(BYTES, SENTENCE_PIECE)) {
      Encoding encoding = tokenizer.encode(text, EncodeOptions.DEFAULTS.withAddSpecial(false));
      int covered = 0;
      for (int i = 0; i < encoding.length(); i++) {
        int start = encoding.start(i);
        int end = encoding.end(i);
        assertTrue(
            start <= covered && start < end && end >= covered,
            () -> encoding + " leaves a gap at " + start);
        assertEquals(
            text.substring(start, end),
            new String(
                text.substring(start, end).codePoints().toArray(),
                0,
                text.codePointCount(start, end)));
        assertTrue(!splitsPair(text, start) && !splitsPair(text, end));
        covered = end;
      }
      assertEquals(text.length(), covered);
    }
  }

  private static boolean splitsPair(String text, int at) {
    return at > 0
        && at < text.length()
        && Character.isSurrogatePair(text.charAt(at - 1), text.charAt(at));
  }

  /**
   * All small tokenizers: no exception but the announced ones, ranges inside the text, the same
   * result twice and on another instance.
   */
  @Property(tries = 300)
  void everyTokenizerTakesEveryText(@ForAll String text, @ForAll @IntRange(max = 18) int index) {
    Tokenizer tokenizer = Tokenizers.of(GoldenTokenizers.json(index));
    Encoding encoding = tokenizer.encode(text);
    assertArrayEquals(encoding.ids(), tokenizer.encode(text).ids());
    for (int i = 0; i < encoding.length(); i++) {
      assertTrue(
          0 <= encoding.start(i)
              && encoding.start(i) <= encoding.end(i)
              && encoding.end(i) <= text.length());
    }
    assertEquals(tokenizer.decode(encoding.ids(), true), tokenizer.decode(encoding.ids(), true));
  }

  @Property(tries = 300)
  void truncationKeepsSpecialTokensAndTheLength(
      @ForAll String text, @ForAll @IntRange(min = 3, max = 20) int most, @ForAll boolean left) {
    Tokenizer tokenizer = GoldenTokenizers.of("wordpiece");
    Truncation truncation =
        new Truncation(most, left ? Side.LEFT : Side.RIGHT, Truncation.Strategy.LONGEST_FIRST);
    int[] whole = tokenizer.encode(text).ids();
    int[] cut = tokenizer.encode(text, EncodeOptions.DEFAULTS.withTruncation(truncation)).ids();
    assertEquals(Math.min(most, whole.length), cut.length);
    assertEquals(2, cut[0]);
    assertEquals(3, cut[cut.length - 1]);
    int from = left ? whole.length - cut.length : 0;
    for (int i = 1; i + 1 < cut.length; i++) {
      assertEquals(whole[from + i], cut[i]);
    }
  }

  @Test
  void halvesOfPairsAreReplaced() {
    int[] ids = BYTES.encode("a\ud83db\ude42").ids();
    assertEquals("a\ufffdb\ufffd", BYTES.decode(ids, false));
  }

  @Test
  void streamsHandOutWholeCharactersOnly() {
    int[] ids = BYTES.encode("é🙂x").ids();
    TextStream stream = BYTES.stream(false);
    StringBuilder steps = new StringBuilder();
    for (int id : ids) {
      steps.append('[').append(stream.next(id)).append(']');
    }
    assertEquals("[][é][][][][🙂][x]", steps.toString());
    int half = BYTES.id("ð").orElseThrow();
    assertEquals("", stream.next(half));
    assertEquals("\ufffd", stream.end());
    assertEquals("x", stream.next(BYTES.id("x").orElseThrow()));
  }

  @Test
  void aStreamThatIsNoTextDoesNotWaitForEver() {
    TextStream stream = BYTES.stream(false);
    int half = BYTES.id("ð").orElseThrow();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      text.append(stream.next(half));
    }
    text.append(stream.end());
    assertEquals("\ufffd".repeat(100), text.toString());
  }
}
