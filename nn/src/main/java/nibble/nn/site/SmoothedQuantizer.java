package nibble.nn.site;

import java.util.Map;
import java.util.Optional;
import nibble.kernels.attention.SmoothedScores;
import nibble.nn.Site;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Fake quantization of queries or keys as SageAttention2 quantizes them (<a
 * href="https://arxiv.org/abs/2411.10958">arXiv:2411.10958</a>, sections 3.1 and 3.2): per head and
 * block of tokens, after the mean of the tokens was taken off, which is added again behind it:
 *
 * <pre>{@code
 * s = max |x - m| / (2^(b-1) - 1) + 1e-7    q = round((x - m) / s), half away from zero    y = s q + m
 * m: the mean of each channel over the block, over all tokens of the pass, or 0
 * }</pre>
 *
 * <p>Where both operands of an attention are quantized like this, nothing else stands in its sites
 * and no gradients are recorded, the products run in integers instead, see {@link #scores}. What
 * follows is what this function computes by itself.
 *
 * <p>For keys the mean adds the same number to all scores of a query, so softmax does not see it;
 * here it is kept, so that keys of several passes go together. For queries the paper adds the
 * product of the mean with keys that are not quantized; here it is one with quantized keys. A pass
 * of one token has no mean: with a mean it stays as it is. Tensors are {@code [..., tokens,
 * headDim]}. The gradient passes straight through.
 */
public final class SmoothedQuantizer implements StoredFunction {
  static final String KIND = "smoothed";
  private static final float LEAST_SCALE = 1e-7f;

  /** What the mean is taken over. */
  public enum Mean {
    /** No mean. */
    NONE,
    /** The tokens of a block: queries. */
    BLOCK,
    /** All tokens of a pass: keys. */
    ALL
  }

  private final int bits;
  private final int block;
  private final Mean mean;

  /**
   * @param bits 2 to 8
   * @param block tokens that share a scale
   * @param mean what is taken off
   */
  public SmoothedQuantizer(int bits, int block, Mean mean) {
    if (bits < 2 || bits > 8 || block < 1) {
      throw new IllegalArgumentException(
          "a smoothed quantizer has 2 to 8 bits and blocks of at least one token, found %d and %d"
              .formatted(bits, block));
    }
    this.bits = bits;
    this.block = block;
    this.mean = mean;
  }

  static StoredFunction of(FunctionRecord record) {
    int mean = record.integer("mean");
    if (mean < 0 || mean >= Mean.values().length) {
      throw new IllegalArgumentException(
          "'mean' is " + mean + ", expected 0 (none), 1 (block) or 2 (all tokens)");
    }
    return new SmoothedQuantizer(
        record.integer("bits"), record.integer("block"), Mean.values()[mean]);
  }

  /**
   * How the product of queries and keys runs in integers: where the two sites hold these functions
   * and nothing else, of the same bits, with blocks and means as {@link SmoothedScores} has them.
   * Empty otherwise.
   */
  public static Optional<SmoothedScores> scores(Site query, Site key) {
    if (query.functions().size() == 1
        && key.functions().size() == 1
        && query.functions().getFirst() instanceof SmoothedQuantizer q
        && key.functions().getFirst() instanceof SmoothedQuantizer k
        && q.bits == k.bits
        && q.block == SmoothedScores.QUERY_BLOCK
        && k.block == SmoothedScores.KEY_BLOCK
        && q.mean != Mean.ALL
        && k.mean != Mean.BLOCK) {
      return Optional.of(new SmoothedScores(q.bits, q.mean == Mean.BLOCK, k.mean == Mean.ALL));
    }
    return Optional.empty();
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(new StraightThrough(), x);
  }

  private final class StraightThrough implements DifferentiableFunction {
    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      Tensor x = in[0];
      int width = x.dim(-1);
      int tokens = x.dim(-2);
      int heads = (int) (x.size() / width / Math.max(1, tokens));
      Tensor out = ops.empty(x.shape().dims());
      ops.splitter()
          .run(
              heads,
              (head, scratch) -> {
                int at = head * tokens * width;
                float[] m = scratch.floats(0, width);
                if (mean == Mean.ALL) {
                  mean(x.array(), x.offset() + at, tokens, width, m);
                }
                for (int from = 0; from < tokens; from += block) {
                  int count = Math.min(block, tokens - from);
                  int first = at + from * width;
                  if (mean == Mean.BLOCK) {
                    mean(x.array(), x.offset() + first, count, width, m);
                  }
                  block(
                      x.array(),
                      x.offset() + first,
                      count,
                      width,
                      m,
                      out.array(),
                      out.offset() + first);
                }
              });
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      return new Tensor[] {gradOut};
    }
  }

  private static void mean(float[] x, int at, int tokens, int width, float[] m) {
    for (int c = 0; c < width; c++) {
      double sum = 0;
      for (int t = 0; t < tokens; t++) {
        sum += x[at + t * width + c];
      }
      m[c] = (float) (sum / tokens);
    }
  }

  private void block(float[] x, int at, int count, int width, float[] m, float[] y, int to) {
    boolean smooth = mean != Mean.NONE;
    float largest = 0;
    for (int i = 0; i < count * width; i++) {
      largest =
          Math.max(largest, Math.abs(smooth ? x[at + i] - m[i % width] : x[at + i])); // NaN stays
    }
    float scale = largest / ((1 << (bits - 1)) - 1) + LEAST_SCALE;
    for (int i = 0; i < count * width; i++) {
      float shift = smooth ? m[i % width] : 0;
      float steps = (x[at + i] - shift) / scale;
      float code = (float) Math.floor(Math.abs(steps) + 0.5f);
      y[to + i] = Math.copySign(code, steps) * scale + shift;
    }
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(
        KIND,
        Map.of("bits", (double) bits, "block", (double) block, "mean", (double) mean.ordinal()),
        Map.of());
  }

  @Override
  public String format() {
    return "INT" + bits + " per " + block + " tokens" + (mean == Mean.NONE ? "" : ", smoothed");
  }
}
