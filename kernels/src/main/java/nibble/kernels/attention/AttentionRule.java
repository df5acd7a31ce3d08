package nibble.kernels.attention;

/**
 * How scores are made and which keys a query sees. Query {@code i} stands at position {@code past +
 * i}, key {@code j} at position {@code j}.
 *
 * @param scale what {@code q . k} is multiplied by
 * @param causal whether a query sees no key after its own position
 * @param past position of the first query: the number of keys that a cache held before; at least 0
 * @param window a query sees keys less than this many positions away; at least 1, {@link
 *     #NO_WINDOW} for all
 * @param softCap scores become {@code softCap * tanh(score / softCap)} before the bias is added, as
 *     in Gemma 2 (<a href="https://arxiv.org/abs/2408.00118">arXiv:2408.00118</a>, section 2);
 *     infinity leaves them as they are
 */
public record AttentionRule(float scale, boolean causal, int past, int window, float softCap) {
  /** No limit to the distance. */
  public static final int NO_WINDOW = Integer.MAX_VALUE;

  public AttentionRule {
    if (!Float.isFinite(scale)) {
      throw new IllegalArgumentException("the scale of attention must be finite, was " + scale);
    }
    if (past < 0 || window < 1 || !(softCap > 0)) {
      throw new IllegalArgumentException(
          "attention needs past >= 0, window >= 1 and softCap > 0, got %d, %d and %s"
              .formatted(past, window, softCap));
    }
  }

  /** Every query sees every key; scores are {@code q . k / sqrt(headDim)}. */
  public static AttentionRule scaled(int headDim) {
    return new AttentionRule(
        (float) (1 / Math.sqrt(headDim)), false, 0, NO_WINDOW, Float.POSITIVE_INFINITY);
  }

  /** With another scale. */
  public AttentionRule withScale(float value) {
    return new AttentionRule(value, causal, past, window, softCap);
  }

  /** Queries see no later keys; the first one stands at position {@code first}. */
  public AttentionRule causalFrom(int first) {
    return new AttentionRule(scale, true, first, window, softCap);
  }

  /** With the first query at another position. */
  public AttentionRule from(int position) {
    return new AttentionRule(scale, causal, position, window, softCap);
  }

  /** Queries see keys less than {@code distance} positions away only. */
  public AttentionRule withWindow(int distance) {
    return new AttentionRule(scale, causal, past, distance, softCap);
  }

  /** With a soft cap on scores. */
  public AttentionRule withSoftCap(float cap) {
    return new AttentionRule(scale, causal, past, window, cap);
  }

  /** Whether every query sees every key. */
  boolean showsAll() {
    return !causal && window == NO_WINDOW;
  }

  /** Whether scores are capped. */
  boolean isCapped() {
    return softCap != Float.POSITIVE_INFINITY;
  }

  /** The first key that {@code query} sees. */
  int firstKey(int query) {
    return (int) Math.max(0, (long) past + query - window + 1);
  }

  /**
   * The key after the last one that {@code query} sees, of {@code keys}; not above {@link
   * #firstKey} where it sees none.
   */
  int endKey(int query, int keys) {
    long position = (long) past + query;
    long end = causal ? position + 1 : position + window;
    return (int) Math.min(keys, end);
  }
}
