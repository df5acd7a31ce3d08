package nibble.loaders.tokenizer.core;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import nibble.loaders.BadFileException;
import nibble.loaders.json.JsonObject;

/**
 * A regular expression of a tokenizer file. Work is bounded: a search that reads more than {@value
 * #READS_PER_CHARACTER} characters for each character of the text (plus {@value #READS_ALWAYS}), or
 * that nests too deeply, ends in a {@link BadFileException} that names the key.
 */
public final class RegexPattern implements TextPattern {
  private static final long READS_PER_CHARACTER = 300;
  private static final long READS_ALWAYS = 100_000;
  private static final int LONGEST = 10_000;

  private final Pattern pattern;
  private final JsonObject object;
  private final String key;

  private RegexPattern(Pattern pattern, JsonObject object, String key) {
    this.pattern = pattern;
    this.object = object;
    this.key = key;
  }

  /**
   * The expression in {@code key} of {@code object}, in the syntax of Oniguruma, which the Hugging
   * Face tokenizers use.
   *
   * @throws BadFileException if it uses a construct that has no counterpart here
   */
  public static RegexPattern of(JsonObject object, String key) {
    String expression = object.string(key);
    if (expression.length() > LONGEST) {
      throw object.error(
          key, "has %d characters, allowed are %d".formatted(expression.length(), LONGEST));
    }
    try {
      return new RegexPattern(OnigurumaSyntax.compile(expression), object, key);
    } catch (PatternSyntaxException e) {
      throw object.error(
          key,
          "is a regular expression that is not supported: "
              + e.getDescription()
              + " at character "
              + e.getIndex());
    } catch (StackOverflowError _) {
      throw object.error(key, "is a regular expression with too many levels");
    }
  }

  @Override
  public Spans find(String text) {
    try {
      return spans(
          text, new CountedChars(text, READS_ALWAYS + READS_PER_CHARACTER * text.length()));
    } catch (CountedChars.Exhausted | StackOverflowError _) {
      throw object.error(
          key, "takes too many steps on a text of %d characters".formatted(text.length()));
    }
  }

  private Spans spans(String text, CharSequence counted) {
    Spans spans = new Spans();
    Matcher matcher = pattern.matcher(counted);
    int open = 0;
    int lastEnd = -1;
    while (matcher.find()) {
      int start = matcher.start();
      int end = matcher.end();
      if (start == end && (end == lastEnd || splitsPair(text, start))) {
        continue; // as Oniguruma: no empty match right behind a match
      }
      if (open < start) {
        spans.add(open, start, false);
      }
      spans.add(start, end, true);
      open = end;
      lastEnd = end;
    }
    if (open < text.length()) {
      spans.add(open, text.length(), false);
    }
    return spans;
  }

  private static boolean splitsPair(String text, int at) {
    return at > 0
        && at < text.length()
        && Character.isLowSurrogate(text.charAt(at))
        && Character.isHighSurrogate(text.charAt(at - 1));
  }
}
