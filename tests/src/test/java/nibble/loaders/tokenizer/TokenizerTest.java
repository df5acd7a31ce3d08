package nibble.loaders.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.OptionalInt;
import nibble.loaders.json.Json;
import org.junit.jupiter.api.Test;

class TokenizerTest {
  private static final Tokenizer BERT = GoldenTokenizers.of("wordpiece");

  @Test
  void batchesGetOneLength() {
    List<Encoding> batch =
        BERT.encode(
            List.of("hello", "hello world hello"), EncodeOptions.DEFAULTS, Padding.right(0));
    assertArrayEquals(new int[] {2, 5, 3, 0, 0}, batch.getFirst().ids());
    assertArrayEquals(new int[] {1, 1, 1, 0, 0}, batch.getFirst().attentionMask());
    assertArrayEquals(new int[] {1, 0, 1, 1, 1}, batch.getFirst().specialTokensMask());
    assertArrayEquals(new int[] {1, 1, 1, 1, 1}, batch.getLast().attentionMask());
    assertEquals(List.of("[CLS]", "hello", "[SEP]", "[PAD]", "[PAD]"), batch.getFirst().tokens());

    Padding left = new Padding(Side.LEFT, 0, 7, 6, 4);
    Encoding padded = BERT.encode(List.of("hello"), EncodeOptions.DEFAULTS, left).getFirst();
    assertArrayEquals(new int[] {0, 0, 0, 0, 0, 2, 5, 3}, padded.ids());
    assertArrayEquals(new int[] {7, 7, 7, 7, 7, 0, 0, 0}, padded.typeIds());
    assertArrayEquals(new int[] {0, 0, 0, 0, 0, 1, 1, 1}, padded.attentionMask());
    assertEquals(0, padded.start(6));
    assertEquals(5, padded.end(6));
    assertEquals(0, padded.sequence(6));
    assertEquals(-1, padded.sequence(0));
    assertEquals(List.of(), BERT.encode(List.of(), EncodeOptions.DEFAULTS, left));
  }

  /** The lengths that {@code truncate_encodings} of the Rust library gives. */
  @Test
  void pairsAreShortenedWhereTheyAreLongest() {
    String five = "hello world hello world hello";
    String two = "x x";
    assertEquals(List.of(2, 3), lengths(five, two, 5 + 3, Truncation.Strategy.LONGEST_FIRST, true));
    assertEquals(
        List.of(3, 2), lengths(five, two, 5 + 3, Truncation.Strategy.LONGEST_FIRST, false));
    assertEquals(
        List.of(2, 1), lengths(five, two, 3 + 3, Truncation.Strategy.LONGEST_FIRST, false));
    assertEquals(List.of(5, 2), lengths(five, two, 99, Truncation.Strategy.LONGEST_FIRST, false));
    assertEquals(List.of(2, 2), lengths(five, two, 4 + 3, Truncation.Strategy.ONLY_FIRST, false));
    assertEquals(List.of(5, 1), lengths(five, two, 6 + 3, Truncation.Strategy.ONLY_SECOND, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> lengths(five, two, 2 + 3, Truncation.Strategy.ONLY_FIRST, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> BERT.encode("x", EncodeOptions.DEFAULTS.withMaxLength(1)));
    assertEquals(2, BERT.encode("x", EncodeOptions.DEFAULTS.withMaxLength(2)).length());
  }

  private static List<Integer> lengths(
      String a, String b, int most, Truncation.Strategy strategy, boolean swapped) {
    Encoding encoding =
        BERT.encode(
            swapped ? b : a,
            swapped ? a : b,
            EncodeOptions.DEFAULTS.withTruncation(new Truncation(most, Side.RIGHT, strategy)));
    int first = 0;
    int second = 0;
    for (int i = 0; i < encoding.length(); i++) {
      first += encoding.sequence(i) == 0 ? 1 : 0;
      second += encoding.sequence(i) == 1 ? 1 : 0;
    }
    return List.of(first, second);
  }

  @Test
  void specialTokensInTheTextCanBePlainText() {
    assertArrayEquals(new int[] {2, 4, 3}, BERT.encode("[MASK]").ids());
    assertArrayEquals(
        new int[] {2, 1, 1, 1, 3},
        BERT.encode("[MASK]", EncodeOptions.DEFAULTS.withMatchSpecial(false)).ids());
    assertArrayEquals(
        new int[] {4}, BERT.encode("[MASK]", EncodeOptions.DEFAULTS.withAddSpecial(false)).ids());
  }

  @Test
  void tokensAndRolesAreFound() {
    Tokenizer tokenizer =
        Tokenizers.of(
            GoldenTokenizers.json("added"),
            Json.parseObject(
                "c",
                "{\"mask_token\": {\"content\": \"<mask>\"}, \"pad_token\": \"[PAD]\","
                    + " \"padding_side\": \"left\", \"model_max_length\": 512}"));
    assertEquals(34, tokenizer.vocabularySize());
    assertEquals(OptionalInt.of(28), tokenizer.id("Yesterday"));
    assertEquals("Yesterday", tokenizer.token(28).orElseThrow());
    assertEquals(OptionalInt.empty(), tokenizer.id("nothing"));
    assertEquals(OptionalInt.of(30), tokenizer.special().mask());
    assertEquals(OptionalInt.of(1), tokenizer.special().unk());
    assertEquals(new Padding(Side.LEFT, 0, 0, 0, 1), tokenizer.padding().orElseThrow());
    assertEquals(OptionalInt.of(512), tokenizer.maxLength());
    assertEquals("", tokenizer.decode(new int[] {999, -1}, false));
  }
}
