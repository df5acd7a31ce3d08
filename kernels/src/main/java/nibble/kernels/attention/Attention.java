package nibble.kernels.attention;

import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.VectorSupport;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention of several heads: for every query, {@code out = sum over j of
 * softmax(score)[j] * v[j]} over the keys that the {@link AttentionRule} and the key lengths let it
 * see, with {@code score[j] = cap(scale * q . k[j]) + bias[j]}.
 *
 * <p>Vaswani et al., <a href="https://arxiv.org/abs/1706.03762">arXiv:1706.03762</a>, section
 * 3.2.1. The vector kernel never holds more than a tile of scores: Dao et al., FlashAttention, <a
 * href="https://arxiv.org/abs/2205.14135">arXiv:2205.14135</a>, algorithm 1.
 *
 * <p>A query that sees no key gives zeros, as does one whose visible scores are all minus infinity.
 * Keys and values that no query of the call sees are never read. NaN in a visible score gives NaN.
 * Results do not depend on the number of threads.
 */
public interface Attention {

  /**
   * Computes all heads of all sequences.
   *
   * @param q {@code [batch, queries, heads, headDim]}
   * @param k {@code [batch, keys, kvHeads, headDim]}
   * @param v {@code [batch, keys, kvHeads, headDim]}
   * @param keyLengths for each sequence the number of leading keys that are no padding, 0 to {@code
   *     keys}; null for all
   * @param bias {@code [batch, queries, heads, keys]} (the row of a query and a head holds one
   *     element per key), added to the scores; minus infinity hides a key; null for none
   * @param out {@code [batch, queries, heads, headDim]}; must not overlap an input
   * @throws IndexOutOfBoundsException if an operand does not lie in its array
   */
  void forward(
      AttentionShape shape,
      AttentionRule rule,
      HeadView q,
      HeadView k,
      HeadView v,
      int @Nullable [] keyLengths,
      @Nullable HeadView bias,
      HeadView out,
      WorkSplitter splitter);

  /**
   * The same for keys and values that are made tile by tile, each tile once for up to a few hundred
   * rows; without padding and bias.
   *
   * @param source keys and values of {@code shape}
   * @throws IllegalArgumentException if the heads of a tile do not divide those of the shape
   */
  void forward(
      AttentionShape shape,
      AttentionRule rule,
      HeadView q,
      KeyValueSource source,
      HeadView out,
      WorkSplitter splitter);

  /**
   * The same where every query sees every key, with probabilities that are changed before they meet
   * the values: {@code out = sum over j of map(softmax(score))[j] * v[j]}.
   *
   * @param probabilities what becomes of them; it sees all keys of a query together
   * @throws IllegalArgumentException if the rule hides keys, or there are more than {@link
   *     #mostKeysTogether}
   */
  void forward(
      AttentionShape shape,
      AttentionRule rule,
      ProbabilityMap probabilities,
      HeadView q,
      HeadView k,
      HeadView v,
      HeadView out,
      WorkSplitter splitter);

  /** Most keys whose probabilities may be changed. */
  int mostKeysTogether();

  /** The best implementation for this machine. */
  static Attention best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final Attention INSTANCE =
        VectorSupport.choose(() -> new VectorAttention(), () -> new ScalarAttention());

    private Best() {}
  }
}
