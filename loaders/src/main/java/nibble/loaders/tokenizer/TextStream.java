package nibble.loaders.tokenizer;

import java.util.Arrays;

/**
 * Decodes tokens one by one and hands out text as soon as it is complete: a token can end inside a character, or its text can depend on the tokens
 * beside it. The parts put together are what {@link Tokenizer#decode} gives for all ids, where these are valid text. For one thread.
 *
 * <p>Text that ends in U+FFFD may be half a character, so it waits for the next token, but not after as many as a character has bytes. Cost of a
 * token: decoding a few of the last ones.
 */
public final class TextStream {
  private static final char REPLACEMENT = '\uFFFD';
  private static final int LONGEST_CHARACTER = 4;

  private final Tokenizer tokenizer;
  private final boolean skipSpecial;

  /** The last tokens: {@code done} of them have been handed out and are only context, the others are new. */
  private int[] window = new int[16];

  private int size;
  private int done;
  private String context = "";

  TextStream(Tokenizer tokenizer, boolean skipSpecial) {
    this.tokenizer = tokenizer;
    this.skipSpecial = skipSpecial;
  }

  /** The text that {@code id} completes; empty if nothing is complete yet. */
  public String next(int id) {
    if (skipSpecial && tokenizer.isSpecial(id) || tokenizer.token(id).isEmpty()) {
      return "";
    }
    if (size == window.length) {
      window = Arrays.copyOf(window, 2 * size);
    }
    window[size++] = id;
    String text = text();
    boolean waits = !text.isEmpty() && text.charAt(text.length() - 1) == REPLACEMENT && size - done < LONGEST_CHARACTER;
    return waits ? "" : advance(text);
  }

  /** What has not been handed out, complete or not; the stream begins anew. */
  public String end() {
    String rest = size == done ? "" : behindContext(text());
    size = 0;
    done = 0;
    context = "";
    return rest;
  }

  private String text() {
    return tokenizer.decode(Arrays.copyOf(window, size), skipSpecial);
  }

  private String advance(String text) {
    String added = behindContext(text);
    if (!added.isEmpty()) {
      System.arraycopy(window, done, window, 0, size - done);
      size -= done;
      done = size;
      context = text();
    }
    return added;
  }

  private String behindContext(String text) {
    int common = 0;
    int most = Math.min(context.length(), text.length());
    while (common < most && context.charAt(common) == text.charAt(common)) {
      common++;
    }
    return text.substring(common);
  }
}
