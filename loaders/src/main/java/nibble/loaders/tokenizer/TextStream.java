package nibble.loaders.tokenizer;

import java.util.Arrays;

/**
 * Decodes tokens one by one and hands out text as soon as it is complete: a token can end inside a
 * character, or its text can depend on the tokens beside it. The parts put together are what {@link
 * Tokenizer#decode} gives for all ids, where these are valid text. For one thread.
 *
 * <p>U+FFFD at the end may be a character that is not complete yet, so it waits for the next
 * tokens, up to {@value #MOST_WAITING} of them. Cost of a token: decoding a few of the last ones.
 */
public final class TextStream {
  private static final char REPLACEMENT = '\uFFFD';

  private static final int MOST_WAITING = 64;

  private final Tokenizer tokenizer;
  private final boolean skipSpecial;

  /** The last tokens: {@code done} of them are only context, the others are new. */
  private int[] window = new int[16];

  private int size;
  private int done;

  /** What has been handed out of the window's text. */
  private String handed = "";

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
    int waiting = waiting(text);
    if (waiting == 0 || size - done > MOST_WAITING) {
      return advance(text);
    }
    if (!text.startsWith(handed)) {
      return ""; // a run of byte tokens that was text so far, and will be again when its last
      // character is complete
    }
    String complete =
        text.substring(handed.length(), Math.max(handed.length(), text.length() - waiting));
    handed += complete;
    return complete;
  }

  /** What has not been handed out, complete or not; the stream begins anew. */
  public String end() {
    String rest = size == done ? "" : behindHanded(text());
    size = 0;
    done = 0;
    handed = "";
    return rest;
  }

  /** How many U+FFFD stand at the end of {@code text}. */
  private static int waiting(String text) {
    int waiting = 0;
    while (waiting < text.length() && text.charAt(text.length() - 1 - waiting) == REPLACEMENT) {
      waiting++;
    }
    return waiting;
  }

  private String text() {
    return tokenizer.decode(Arrays.copyOf(window, size), skipSpecial);
  }

  /** Hands out all of {@code text}; the new tokens become the context of the next ones. */
  private String advance(String text) {
    String added = behindHanded(text);
    if (!added.isEmpty()) {
      System.arraycopy(window, done, window, 0, size - done);
      size -= done;
      done = size;
      handed = text();
    }
    return added;
  }

  private String behindHanded(String text) {
    int common = 0;
    int most = Math.min(handed.length(), text.length());
    while (common < most && handed.charAt(common) == text.charAt(common)) {
      common++;
    }
    return text.substring(common);
  }
}
