package nibble.quant.rounding;

import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The two grid points around each element of a weight {@code [out, in]}, and weights between them:
 *
 * <pre>{@code
 * w(x) = s (clamp(floor(W / s) + x + z, n, p) - z)        x from 0 (down) to 1 (up), s and z by row or group
 * }</pre>
 *
 * <p>An element beyond the grid is not free: both choices give the same code, and nothing is
 * learned from it. Immutable and thread-safe.
 */
public final class RoundingGrid {
  private final QuantParams params;
  private final float[] floors;
  private final float[] shares;

  /**
   * @param w {@code [out, in]}, row-major; not kept
   * @param params grids of the same shape
   */
  public RoundingGrid(float[] w, QuantParams params) {
    if (w.length != Math.multiplyExact(params.rows(), params.columns())) {
      throw new IllegalArgumentException(
          "grids of [%d, %d] do not fit %d weights"
              .formatted(params.rows(), params.columns(), w.length));
    }
    this.params = params;
    floors = new float[w.length];
    shares = new float[w.length];
    for (int i = 0; i < w.length; i++) {
      int at = index(i);
      double exact = (double) w[i] / params.scales()[at];
      double floor = Math.floor(exact);
      floors[i] = (float) (floor + params.zeroPoints()[at]);
      shares[i] = (float) (exact - floor);
    }
  }

  private int index(int i) {
    return params.indexOf(i / params.columns(), i % params.columns());
  }

  /** Scales and zero points. */
  public QuantParams params() {
    return params;
  }

  /** Whether up and down are different codes for element {@code i}. */
  public boolean isFree(int i) {
    return floors[i] >= params.format().minCode() && floors[i] + 1 <= params.format().maxCode();
  }

  /**
   * The share at which element {@code i} is the weight itself, from 0 to below 1; of an element
   * that is not free, of no meaning.
   */
  public float share(int i) {
    return shares[i];
  }

  /**
   * Variables of {@link RectifiedSigmoid} at which the weight between the points is the weight
   * itself, as far as elements are free. A leaf of differentiation.
   */
  public Tensor logits() {
    float[] v = new float[shares.length];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) RectifiedSigmoid.inverse(shares[i]);
    }
    return Tensor.of(v, params.rows(), params.columns()).requireGrad();
  }

  /**
   * The scales as a tensor of its own, a leaf of differentiation, for {@link #between(Ops, Tensor,
   * Tensor)}.
   */
  public Tensor scales() {
    return Tensor.of(params.scales().clone(), params.scales().length).requireGrad();
  }

  /** {@code w(x)} for {@code x [out, in]}; differentiable in x. */
  public Tensor between(Ops ops, Tensor x) {
    return ops.custom(new Between(), x, Tensor.of(params.scales(), params.scales().length));
  }

  /**
   * The same with other scales {@code [groups]}, in the order of the grid's; differentiable in
   * both. Which points are around an element stays as it was.
   */
  public Tensor between(Ops ops, Tensor x, Tensor scales) {
    return ops.custom(new Between(), x, scales);
  }

  /** {@code w(h(V))}: AdaRound's soft weight. */
  public Tensor soft(Ops ops, Tensor v) {
    return between(ops, ops.custom(new RectifiedSigmoid(), v));
  }

  /**
   * {@code sum(1 - |2 h(V) - 1|^beta)} over free elements, rank 0: 0 when every element has decided
   * (AdaRound, equation 24).
   */
  public Tensor openness(Ops ops, Tensor v, double beta) {
    return ops.custom(new Openness(beta), v);
  }

  /** The codes for shares or logits {@code x}: up where {@code x >= threshold}. */
  public QuantizedTensor codes(float[] x, float threshold) {
    return codes(x, threshold, params);
  }

  /** The same codes with other scales. */
  public QuantizedTensor codes(float[] x, float threshold, QuantParams other) {
    byte[] codes = new byte[floors.length];
    int min = params.format().minCode();
    int max = params.format().maxCode();
    for (int i = 0; i < codes.length; i++) {
      float code = floors[i] + (x[i] >= threshold ? 1 : 0);
      codes[i] = (byte) Math.max(min, Math.min(max, code));
    }
    return new QuantizedTensor(codes, other);
  }

  /** Inputs: x, scales. */
  private final class Between implements DifferentiableFunction {
    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      Tensor x = in[0];
      Tensor s = in[1];
      int columns = params.columns();
      int min = params.format().minCode();
      int max = params.format().maxCode();
      Tensor out = ops.empty(params.rows(), columns);
      ops.splitter()
          .run(
              params.rows(),
              (row, scratch) -> {
                for (int i = row * columns; i < (row + 1) * columns; i++) {
                  int at = index(i);
                  float code = Math.max(min, Math.min(max, floors[i] + x.array()[x.offset() + i]));
                  out.array()[out.offset() + i] =
                      s.array()[s.offset() + at] * (code - params.zeroPoints()[at]);
                }
              });
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      Tensor s = in[1];
      int columns = params.columns();
      Tensor gradX = ops.empty(params.rows(), columns);
      float[] gradS = new float[params.scales().length];
      double[] sums = new double[gradS.length];
      for (int i = 0; i < floors.length; i++) {
        int at = index(i);
        float g = gradOut.array()[gradOut.offset() + i];
        float scale = s.array()[s.offset() + at];
        gradX.array()[gradX.offset() + i] = isFree(i) ? g * scale : 0;
        sums[at] += (double) g * out.array()[out.offset() + i] / scale;
      }
      for (int i = 0; i < gradS.length; i++) {
        gradS[i] = (float) sums[i];
      }
      return new Tensor[] {gradX, Tensor.of(gradS, s.shape().dims())};
    }
  }

  /** Input: V. */
  private final class Openness implements DifferentiableFunction {
    private final double beta;

    Openness(double beta) {
      this.beta = beta;
    }

    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      Tensor v = in[0];
      double sum = 0;
      for (int i = 0; i < floors.length; i++) {
        if (isFree(i)) {
          sum +=
              1 - Math.pow(Math.abs(2 * RectifiedSigmoid.h(v.array()[v.offset() + i]) - 1), beta);
        }
      }
      return Tensor.scalar((float) sum);
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      Tensor v = in[0];
      float g = gradOut.item();
      Tensor grad = ops.empty(v.shape().dims());
      int columns = params.columns();
      ops.splitter()
          .run(
              params.rows(),
              (row, scratch) -> {
                for (int i = row * columns; i < (row + 1) * columns; i++) {
                  double value = v.array()[v.offset() + i];
                  double t = 2 * RectifiedSigmoid.h(value) - 1;
                  double slope =
                      -2
                          * beta
                          * Math.pow(Math.abs(t), beta - 1)
                          * Math.signum(t)
                          * RectifiedSigmoid.slope(value);
                  grad.array()[grad.offset() + i] = isFree(i) ? (float) (g * slope) : 0;
                }
              });
      return new Tensor[] {grad};
    }
  }
}
