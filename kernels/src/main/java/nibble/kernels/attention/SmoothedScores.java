package nibble.kernels.attention;

/**
 * How queries and keys become integer codes before they are multiplied, as in SageAttention2 (<a
 * href="https://arxiv.org/abs/2411.10958">arXiv:2411.10958</a>, sections 3.1 and 3.2), for each
 * head:
 *
 * <pre>{@code
 * k' = k - mean of all keys                  codes K, one scale s_k for 64 keys
 * q' = q - m, the mean of 128 queries        codes Q, one scale s_q for these
 * s = max|x| / (2^(bits-1) - 1) + 1e-7       code = round(x (1 / s)), half away from zero
 * q . k -> s_q s_k sum over c of Q[c] K[c] + m . k'
 * }</pre>
 *
 * <p>The sum of codes is an exact integer. What the mean of the keys adds is the same for all
 * scores of a query, so softmax does not see it and it is left out; any other vector would do as
 * well, so means are plain float sums. Where queries are not smoothed, m is 0, and so for keys.
 *
 * @param bits of the codes, 2 to 8
 * @param smoothQueries whether queries lose the mean of their block
 * @param smoothKeys whether keys lose their mean
 */
public record SmoothedScores(int bits, boolean smoothQueries, boolean smoothKeys) {
  /** Queries of a head that share a mean and a scale. */
  public static final int QUERY_BLOCK = 128;

  /** Keys of a head that share a scale. */
  public static final int KEY_BLOCK = 64;

  static final float LEAST_SCALE = 1e-7f;

  /** Sums of products up to here are exact in a float. */
  private static final long LARGEST_SUM = 1 << 24;

  public SmoothedScores {
    if (bits < 2 || bits > 8) {
      throw new IllegalArgumentException("codes of queries and keys have 2 to 8 bits, was " + bits);
    }
  }

  /** The largest absolute code. */
  public int largestCode() {
    return (1 << (bits - 1)) - 1;
  }

  /** Fails where a sum of products of codes could be inexact. */
  void check(AttentionShape shape) {
    if ((long) largestCode() * largestCode() * shape.headDim() > LARGEST_SUM) {
      throw new IllegalArgumentException(
          "products of %d-bit codes of heads of %d could leave the exact integers of a float"
              .formatted(bits, shape.headDim()));
    }
  }

  /** The scale of values up to {@code largest} in size. */
  float scale(float largest) {
    return largest / largestCode() + LEAST_SCALE;
  }

  /**
   * The code of {@code x}, as a float. NaN has the code 0, and a scale that is NaN.
   *
   * @param inverse one over the scale
   */
  static float code(float x, float inverse) {
    float steps = x * inverse;
    float code = (int) (Math.abs(steps) + 0.5f);
    return steps < 0 ? -code : code;
  }
}
