package nibble.nn.transformer;

/**
 * Which keys a query sees: those at most {@code back} positions before it and at most {@code ahead} after it.
 *
 * @param back at least 0
 * @param ahead at least 0
 */
public record Visibility(int back, int ahead) {
  private static final int ANY = Integer.MAX_VALUE;

  /** All keys of the sequence. */
  public static final Visibility ALL = new Visibility(ANY, ANY);

  /** Its own position and everything before. */
  public static final Visibility CAUSAL = new Visibility(ANY, 0);

  public Visibility {
    if (back < 0 || ahead < 0) {
      throw new IllegalArgumentException("a query sees at least its own position, not %d back and %d ahead".formatted(back, ahead));
    }
  }

  /** Causal, {@code window} positions with its own. */
  public static Visibility window(int window) {
    return new Visibility(window - 1, 0);
  }

  /** At most {@code distance} positions away, on both sides. */
  public static Visibility within(int distance) {
    return new Visibility(distance, distance);
  }

  /** Whether a query never sees what follows it. */
  public boolean isCausal() {
    return ahead == 0;
  }

  /** Whether a query at {@code query} sees the key at {@code key}. */
  boolean sees(int query, int key) {
    return key <= query ? query - key <= back : key - query <= ahead;
  }

  /** Whether every query of a sequence of {@code tokens} sees every key. */
  boolean seesAll(int tokens) {
    return back >= tokens - 1 && ahead >= tokens - 1;
  }
}
