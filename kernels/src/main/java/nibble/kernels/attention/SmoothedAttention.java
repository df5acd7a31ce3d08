package nibble.kernels.attention;

import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.VectorSupport;

/**
 * Attention whose scores are integer products of smoothed codes of queries and keys: {@link
 * Attention} with {@link SmoothedScores} in place of {@code q . k}. Probabilities and values are
 * float. Codes are made at every call. A call with one query is that of {@link Attention}: there is
 * nothing left of a query without its mean, and no product of many rows to save.
 *
 * <p>Sums of codes are equal in all implementations, to the bit. NaN and infinities make NaN of all
 * scores of their block of queries or keys, or of all where keys are smoothed.
 */
public interface SmoothedAttention {

  /**
   * Computes all heads of all sequences, without padding and bias.
   *
   * @param q {@code [batch, queries, heads, headDim]}
   * @param k {@code [batch, keys, kvHeads, headDim]}
   * @param v {@code [batch, keys, kvHeads, headDim]}
   * @param out {@code [batch, queries, heads, headDim]}; must not overlap an input
   * @throws IllegalArgumentException if heads are so wide that sums of codes could be inexact
   * @throws IndexOutOfBoundsException if an operand does not lie in its array
   */
  void forward(
      AttentionShape shape,
      AttentionRule rule,
      SmoothedScores codes,
      HeadView q,
      HeadView k,
      HeadView v,
      HeadView out,
      WorkSplitter splitter);

  /** The best implementation for this machine. */
  static SmoothedAttention best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final SmoothedAttention INSTANCE =
        VectorSupport.choose(
            () -> new VectorSmoothedAttention(), () -> new ScalarSmoothedAttention());

    private Best() {}
  }
}
