package nibble.kernels.attention;

/**
 * What becomes of the attention probabilities of a query before they meet the values, such as their
 * quantization. Thread-safe.
 */
@FunctionalInterface
public interface ProbabilityMap {
  /**
   * Replaces {@code e[at .. at + count)} by what becomes of the probabilities {@code factor * e}.
   *
   * @param head of the query
   * @param count keys
   * @param factor 1 through the sum of the exponentials of a softmax
   * @param e exponentials
   */
  void apply(int head, int count, float factor, float[] e, int at);
}
