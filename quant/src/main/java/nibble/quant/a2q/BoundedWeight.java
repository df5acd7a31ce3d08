package nibble.quant.a2q;

import java.util.List;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.SiteFunction;
import nibble.nn.train.ParameterGroup;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.reconstruct.Learner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * The weight of one layer with an {@link AccumulatorBound}, learned in directions, norms and
 * scales; while it learns it stands in the layer's weight site.
 */
final class BoundedWeight implements Learner, SiteFunction {
  /** Where in its step a code begins: so far from both ends that rounding to zero keeps it. */
  private static final double INSIDE = 0.1;

  private static final double LOG2 = Math.log(2);

  private final Linear linear;
  private final AccumulatorBound bound;
  private final BoundedFunction function;
  private final QuantParams start;
  private final Tensor direction;
  private final Tensor norms;
  private final Tensor scales;
  private final double penalty;
  private final List<ParameterGroup> groups;

  /**
   * Begins with the nearest codes, projected on the bound.
   *
   * @param params symmetric grids, one for each row
   * @param rate of Adam, for directions as a share of the scale, for logarithms of norms and scales
   *     as it is
   * @param penalty weight of norms beyond the bound (A2Q: 1e-3, from memory)
   */
  BoundedWeight(
      Linear linear, QuantParams params, AccumulatorBound bound, double rate, double penalty) {
    this.linear = linear;
    this.bound = bound;
    this.penalty = penalty;
    start = params;
    function = new BoundedFunction(params.format(), bound.limit(), bound.centred());
    int out = linear.out();
    int in = linear.in();
    float[] w = linear.weight().peek().toFloats();
    float[] v = new float[w.length];
    float[] a = new float[out];
    float[] t = new float[out];
    for (int row = 0; row < out; row++) {
      float s = params.grid(row).scale();
      double[] codes = codes(w, row, in, s);
      double sum = 0;
      for (int i = 0; i < in; i++) {
        v[row * in + i] = (float) codes[i];
        sum += Math.abs(codes[i]);
      }
      t[row] = (float) (Math.log(s) / LOG2);
      a[row] = (float) (Math.log(Math.max(sum, 1e-6) * s) / LOG2);
    }
    direction = Tensor.of(v, out, in).requireGrad();
    norms = Tensor.of(a, out).requireGrad();
    scales = Tensor.of(t, out).requireGrad();
    groups =
        List.of(
            ParameterGroup.of("directions", rate, 0, direction),
            ParameterGroup.of("norms and scales", rate, 0, norms, scales));
  }

  /**
   * Nearest codes a little inside their step, on the ball of the bound. In units of the scale, so
   * rates do not depend on it.
   */
  private double[] codes(float[] w, int row, int in, float s) {
    double[] codes = new double[in];
    double mean = 0;
    for (int i = 0; i < in; i++) {
      mean += (double) w[row * in + i] / s / in;
    }
    for (int i = 0; i < in; i++) {
      double exact = (double) w[row * in + i] / s - (bound.centred() ? mean : 0);
      double code = Math.rint(exact);
      codes[i] =
          code == 0
              ? Math.clamp(exact, -0.5, 0.5) * 2 * INSIDE
              : code + Math.copySign(INSIDE, code);
    }
    L1Ball.project(codes, 0, in, bound.limit());
    return codes;
  }

  Linear linear() {
    return linear;
  }

  @Override
  public List<ParameterGroup> groups() {
    return groups;
  }

  @Override
  public void begin() {
    linear.weightSite().append(this);
  }

  @Override
  public void end() {
    linear.weightSite().remove(this);
  }

  /** {@code penalty sum max(log2 g - log2(T s), 0)}. */
  @Override
  public Optional<Tensor> penalty(Ops ops, double progress) {
    Tensor beyond =
        ops.relu(
            ops.sub(
                ops.sub(norms, scales), Tensor.scalar((float) (Math.log(bound.limit()) / LOG2))));
    return penalty == 0
        ? Optional.empty()
        : Optional.of(ops.scale(ops.sum(beyond), (float) penalty));
  }

  @Override
  public Tensor apply(Ops ops, Tensor weight) {
    return ops.custom(function, direction, norms, scales);
  }

  /** The codes as learned; they keep the bound. */
  QuantizedTensor codes() {
    float[] s = new float[linear.out()];
    for (int row = 0; row < s.length; row++) {
      s[row] = (float) Math.pow(2, scales.array()[scales.offset() + row]);
    }
    QuantParams learned =
        new QuantParams(
            start.format(),
            start.granularity(),
            start.rows(),
            start.columns(),
            s,
            start.zeroPoints());
    QuantizedTensor codes = new QuantizedTensor(function.codes(direction, norms, scales), learned);
    if (!bound.holds(codes)) {
      throw new IllegalStateException("'" + linear.name() + "': codes exceed their bound");
    }
    return codes;
  }
}
