package nibble.nn.transformer;

import nibble.kernels.attention.AttentionRule;

/**
 * Which keys a query sees.
 *
 * @param window those less than this many positions away; at least 1, {@link
 *     AttentionRule#NO_WINDOW} for all
 * @param causal whether it sees none after its own position
 */
public record Visibility(int window, boolean causal) {
  /** All keys of the sequence. */
  public static final Visibility ALL = new Visibility(AttentionRule.NO_WINDOW, false);

  /** Its own position and everything before. */
  public static final Visibility CAUSAL = new Visibility(AttentionRule.NO_WINDOW, true);

  public Visibility {
    if (window < 1) {
      throw new IllegalArgumentException(
          "a query sees at least its own position, the window was " + window);
    }
  }

  /** Causal, {@code window} positions with its own. */
  public static Visibility window(int window) {
    return new Visibility(window, true);
  }

  /** At most {@code distance} positions away, on both sides. */
  public static Visibility within(int distance) {
    return new Visibility(distance + 1, false);
  }

  /** Whether a query at {@code query} sees the key at {@code key}. */
  boolean sees(int query, int key) {
    return Math.abs(query - key) < window && (!causal || key <= query);
  }

  /** Whether the last {@code rows} of {@code keys} positions see all keys. */
  boolean seesAll(int rows, int keys) {
    return window >= keys && (!causal || rows == 1);
  }
}
