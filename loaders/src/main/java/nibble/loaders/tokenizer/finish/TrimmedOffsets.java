package nibble.loaders.tokenizer.finish;

import java.util.List;
import nibble.loaders.tokenizer.core.ByteAlphabet;
import nibble.loaders.tokenizer.core.Chars;

/**
 * Takes spaces at the ends of tokens out of their ranges. A single space at the beginning of the
 * text stays where one was put in front of it.
 *
 * @param tokens spelling of ids in the vocabulary
 * @param prefixSpace whether a space was put in front of the text
 */
record TrimmedOffsets(Spelling tokens, boolean prefixSpace) implements Finisher {
  private static final char SPACE = ByteAlphabet.character(' ');

  @Override
  public List<Run> finish(List<Run> runs, boolean special) {
    runs.forEach(this::trim);
    return runs;
  }

  private void trim(Run run) {
    for (int i = 0; i < run.size(); i++) {
      String token = spelling(run, i);
      int leading = leading(token);
      int trailing = trailing(token);
      int start = run.start(i);
      int end = run.end(i);
      if (leading > 0 && !((i == 0 || start == 0) && prefixSpace && leading == 1)) {
        start = Math.min(start + leading, end);
      }
      if (trailing > 0 && end >= trailing) {
        end = Math.max(end - trailing, start);
      }
      run.setRange(i, start, end);
    }
  }

  private String spelling(Run run, int i) {
    String token = tokens.of(run.id(i));
    return token == null ? run.text().substring(run.start(i), run.end(i)) : token;
  }

  private static int leading(String token) {
    int n = 0;
    while (n < token.length() && isSpace(token.charAt(n))) {
      n++;
    }
    return n;
  }

  private static int trailing(String token) {
    int n = 0;
    while (n < token.length() && isSpace(token.charAt(token.length() - 1 - n))) {
      n++;
    }
    return n;
  }

  private static boolean isSpace(char c) {
    return c == SPACE || Chars.isWhitespace(c);
  }

  @Override
  public int added(boolean pair) {
    return 0;
  }
}
