package nibble.loaders.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.core.RegexPattern;
import nibble.loaders.tokenizer.core.Spans;
import nibble.testing.GoldenFiles;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Texts that are made to be slow take time in proportion to their length. */
class LinearTimeTest {
  private static final List<String> PARTS =
      List.of(
          "a", " ", "\n", " \n", "'", "A", "aA", "1", ".", "🙂", "\u0301", "日", "<s", "<|en", "hel",
          "\r\n\t ", "\u3000");
  private static final int SHORT = 32_000;
  private static final int TIMES_LONGER = 8;

  /**
   * The word patterns of GPT-2's successors: {@link RegexPattern} ends with an error where a search
   * reads more than 300 characters for each character of the text, so one that comes back was
   * linear.
   */
  @TestFactory
  Stream<DynamicTest> knownPatternsReadEveryCharacterAFewTimes() {
    JsonArray pieces = Json.readObject(GoldenFiles.of("tokenizers/cases.json")).array("pieces");
    List<DynamicTest> tests = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      JsonObject c = pieces.object(i);
      if (List.of("cl100k", "o200k").contains(c.string("name"))) {
        JsonObject pattern = c.object("pre_tokenizer").object("pattern");
        RegexPattern regex = RegexPattern.of(pattern, "Regex");
        PARTS.forEach(
            part ->
                tests.add(
                    DynamicTest.dynamicTest(
                        c.string("name") + " " + part.codePointAt(0),
                        () -> covers(regex, part.repeat(1_000_000 / part.length())))));
      }
    }
    assertEquals(2 * PARTS.size(), tests.size());
    return tests.stream();
  }

  private static void covers(RegexPattern regex, String text) {
    Spans spans = regex.find(text);
    assertEquals(text.length(), spans.to(spans.size() - 1));
  }

  /**
   * Eight times the text takes less than thirty times the processor time: 64 times would be
   * quadratic, 8 * log is what a queue takes.
   */
  @TestFactory
  Stream<DynamicTest> encodingTakesTimeInProportion() {
    return Stream.of(
            "byte bpe",
            "spm bpe",
            "unigram bytes",
            "unigram whole",
            "wordpiece",
            "added",
            "added to spm",
            "word level")
        .map(
            name ->
                DynamicTest.dynamicTest(
                    name,
                    () -> PARTS.forEach(part -> proportional(GoldenTokenizers.of(name), part))));
  }

  private static void proportional(Tokenizer tokenizer, String part) {
    String text = part.repeat(SHORT / part.length());
    String longer = text.repeat(TIMES_LONGER);
    for (int attempt = 0; ; attempt++) {
      long few = nanoseconds(() -> tokenizer.encode(text));
      long many = nanoseconds(() -> tokenizer.encode(longer));
      if (many < 30 * Math.max(few, 2_000_000)) {
        return;
      }
      assertTrue(
          attempt < 3,
          () ->
              "'%s': %d characters take %d us, %d take %d us"
                  .formatted(part, text.length(), few / 1000, longer.length(), many / 1000));
    }
  }

  private static long nanoseconds(Runnable work) {
    var threads = ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadCpuTime();
    work.run();
    return threads.getCurrentThreadCpuTime() - before;
  }
}
