package nibble.loaders.tokenizer;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Provide;
import net.jqwik.api.domains.DomainContextBase;

/**
 * Texts full of what goes wrong: pairs, marks, spaces of all kinds, controls, zero widths, parts of
 * special tokens.
 */
public final class UnicodeTexts extends DomainContextBase {
  private static final String[] PARTS = {
    "a",
    "hello",
    "Hello",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "'s",
    "'ll",
    "it's",
    "é",
    "e\u0301",
    "\u0301",
    "q\u0323\u0307",
    "ß",
    "İ",
    "ı",
    "Σ",
    "ﬁ",
    "½",
    "日",
    "本語",
    "한",
    "\u1112\u1161",
    "\uff76\uff9e",
    "🙂",
    "👨‍👩‍👧",
    "\ud83c\uddfa\ud83c\uddf3",
    "\u00a0",
    "\u3000",
    "\u0085",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u00ad",
    "\u2028",
    "\u0000",
    "\u007f",
    "\ufffd",
    "1",
    "23",
    "٣",
    "Ⅷ",
    ".",
    "!?",
    "_",
    "-",
    "<s>",
    "</s>",
    "<mask>",
    "[MASK]",
    "<|end|>",
    "▁",
    "Ġ",
    "\ud834\udd1e",
    "\ufb1d",
    "\u0f73",
    "ㅎㅏ",
    "世界",
  };

  /** Up to 30 parts. */
  @Provide
  public Arbitrary<String> texts() {
    Arbitrary<String> part = Arbitraries.of(PARTS);
    Arbitrary<String> any =
        Arbitraries.integers()
            .between(0, 0x10FFFF)
            .filter(c -> c < 0xD800 || c > 0xDFFF)
            .map(Character::toString);
    return Arbitraries.frequencyOf(net.jqwik.api.Tuple.of(4, part), net.jqwik.api.Tuple.of(1, any))
        .list()
        .ofMaxSize(30)
        .map(parts -> String.join("", parts));
  }
}
