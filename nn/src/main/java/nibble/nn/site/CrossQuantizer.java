package nibble.nn.site;

import java.util.Map;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Fake quantization whose step follows the row and, through factors that were divided out before,
 * the column: CrossQuant.
 *
 * <pre>{@code
 * t_i = max_j |x_ij f_j|          the largest of the row before the factors f were divided out
 * s_i = max(t_i^alpha, max_j |x_ij|) / (2^(b-1) - 1)
 * q   = clamp(rint(x_ij / s_i), -(2^(b-1) - 1), 2^(b-1) - 1)          y_ij = s_i q
 * }</pre>
 *
 * <p>With {@code f_j = c_j^(1 - alpha)} that is the step {@code t_i^alpha c_j^(1 - alpha)} of <a
 * href="https://arxiv.org/abs/2410.07505">arXiv:2410.07505</a> on the tensor before the division,
 * as long as no value is above its c_j; where one is (c is from calibration), the row's step grows
 * so that nothing is clipped (ours). It is exactly per-token quantization for {@code alpha = 1}. A
 * row of zeros stays zero. Rounding is half to even. The derivative is 1.
 */
public final class CrossQuantizer implements StoredFunction {
  static final String KIND = "cross";

  /** Adding and subtracting it rounds any {@code |x| < 2^22} half to even. */
  private static final float ROUND = 0x1.8p23f;

  private final int bits;
  private final double alpha;
  private final Tensor factors;

  /**
   * @param bits 2 to 8
   * @param alpha 0 to 1
   * @param factors {@code f [channels]}, positive and finite
   */
  public CrossQuantizer(int bits, double alpha, Tensor factors) {
    if (bits < 2 || bits > 8) {
      throw new IllegalArgumentException("bit width must be from 2 to 8, was " + bits);
    }
    if (!(alpha >= 0 && alpha <= 1)) {
      throw new IllegalArgumentException("alpha must be from 0 to 1, was " + alpha);
    }
    for (float factor : factors.toFloats()) {
      if (!(factor > 0) || Float.isInfinite(factor)) {
        throw new IllegalArgumentException("factors must be positive and finite, one is " + factor);
      }
    }
    this.bits = bits;
    this.alpha = alpha;
    this.factors = factors.toF32();
  }

  static StoredFunction of(FunctionRecord record) {
    Double alpha = record.numbers().get("alpha");
    if (alpha == null) {
      throw new IllegalArgumentException(
          "'%s' needs a number 'alpha', found %s".formatted(KIND, record.numbers().keySet()));
    }
    return new CrossQuantizer(record.integer("bits"), alpha, record.tensor("factor"));
  }

  /** The factors that were divided out. Shared, not to be written. */
  public Tensor factors() {
    return factors;
  }

  /** The largest code. */
  public int largestCode() {
    return (1 << (bits - 1)) - 1;
  }

  /** The step of the row of {@code x} that begins at {@code at}; 0 for a row of zeros. */
  public float step(float[] x, int at) {
    float[] f = factors.array();
    float largest = 0;
    float divided = 0;
    for (int j = 0; j < factors.size(); j++) {
      largest = Math.max(largest, Math.abs(x[at + j] * f[factors.offset() + j]));
      divided = Math.max(divided, Math.abs(x[at + j]));
    }
    return largest == 0 ? 0 : (float) Math.max(Math.pow(largest, alpha), divided) / largestCode();
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    if (x.dim(-1) != factors.size()) {
      throw new IllegalArgumentException(
          "a cross quantizer of %d channels does not fit a tensor %s"
              .formatted(factors.size(), x.shape()));
    }
    return ops.custom(new StraightThrough(), x);
  }

  private final class StraightThrough implements DifferentiableFunction {
    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      Tensor x = in[0];
      Tensor out = ops.empty(x.shape().dims());
      int width = x.dim(-1);
      int top = largestCode();
      ScaleLayout layout = ScaleLayout.of(x.shape(), factors.shape());
      layout.run(
          ops.splitter(),
          (block, from, to) -> {
            for (int row = from; row < to; row++) {
              int at = x.offset() + row * width;
              int place = out.offset() + row * width;
              float s = step(x.array(), at);
              for (int j = 0; j < width; j++) {
                float t = s == 0 ? 0 : Math.max(-top, Math.min(top, x.array()[at + j] / s));
                out.array()[place + j] = (t + ROUND - ROUND) * s;
              }
            }
          });
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      return new Tensor[] {gradOut};
    }
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(
        KIND, Map.of("bits", (double) bits, "alpha", alpha), Map.of("factor", factors));
  }

  @Override
  public String format() {
    return "INT" + bits + " by row and column";
  }
}
