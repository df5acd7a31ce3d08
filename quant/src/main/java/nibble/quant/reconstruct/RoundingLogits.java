package nibble.quant.reconstruct;

import nibble.nn.Linear;
import nibble.nn.SiteFunction;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * AdaRound's variables of one weight: whether each element is rounded down or up. Nagel and others: <a href="https://arxiv.org/abs/2004.10568">arXiv:2004.10568</a>, equations 21 to 24.
 *
 * <pre>{@code
 * h(V) = clamp(sigmoid(V) (zeta - gamma) + gamma, 0, 1)       zeta = 1.1, gamma = -0.1
 * soft weight   s clamp(floor(W / s) + h(V), n, p)            regulariser   sum(1 - |2 h(V) - 1|^beta)
 * V begins where h(V) = W / s - floor(W / s), so the soft weight is the float weight where nothing is clipped
 * }</pre>
 *
 * <p>It is a function of the layer's weight site: what it gives instead of the weight are soft weights, or hard ones after {@link #harden}. Serves one thread at a time.
 */
public final class RoundingLogits implements SiteFunction {
  private static final float ZETA = 1.1f;
  private static final float GAMMA = -0.1f;
  private static final float EDGE = 1e-4f;

  private final Linear linear;
  private final QuantParams params;
  private final Tensor floors;
  private final Tensor scales;
  private final Tensor logits;
  private boolean hard;

  /**
   * @param params one symmetric grid for each row, or for the tensor
   * @throws IllegalArgumentException for groups or zero points
   */
  public RoundingLogits(Linear linear, QuantParams params) {
    if (params.groupsPerRow() != 1 || params.format().isAsymmetric() || params.rows() != linear.out() || params.columns() != linear.in()) {
      throw new IllegalArgumentException("'" + linear.name() + "': learned rounding takes a symmetric grid of its shape, one for each row or for the tensor");
    }
    this.linear = linear;
    this.params = params;
    int out = linear.out();
    int in = linear.in();
    float[] w = linear.weight().peek().toFloats();
    float[] floor = new float[w.length];
    float[] v = new float[w.length];
    float[] s = new float[out];
    for (int row = 0; row < out; row++) {
      s[row] = params.scales()[params.scales().length == 1 ? 0 : row];
      for (int i = row * in; i < (row + 1) * in; i++) {
        double position = (double) w[i] / s[row];
        floor[i] = (float) Math.floor(position);
        double h = Math.clamp(position - floor[i], (double) EDGE, 1.0 - EDGE);
        double share = (h - GAMMA) / (ZETA - GAMMA);
        v[i] = (float) Math.log(share / (1 - share));
      }
    }
    floors = Tensor.of(floor, out, in);
    scales = Tensor.of(s, out, 1);
    logits = Tensor.of(v, out, in).requireGrad();
  }

  /** The layer. */
  public Linear linear() {
    return linear;
  }

  /** V {@code [out, in]}, a leaf of differentiation; changed in place. */
  public Tensor logits() {
    return logits;
  }

  /** {@code h(V)}, 0 for down to 1 for up. */
  public Tensor rounding(Ops ops) {
    Tensor stretched = ops.add(ops.scale(ops.sigmoid(logits), ZETA - GAMMA), Tensor.scalar(GAMMA));
    return ops.clamp(stretched, 0, 1);
  }

  /** {@code sum(1 - |2 h(V) - 1|^beta)}, rank 0: 0 when every element has decided. */
  public Tensor undecided(Ops ops, double beta) {
    Tensor distance = ops.abs(ops.sub(ops.scale(rounding(ops), 2), Tensor.scalar(1)));
    Tensor power = ops.exp(ops.scale(ops.log(ops.clamp(distance, 1e-6f, 1)), (float) beta));
    return ops.sub(Tensor.scalar(logits.size()), ops.sum(power));
  }

  @Override
  public Tensor apply(Ops ops, Tensor weight) {
    if (hard) {
      return Tensor.of(harden().dequantize(), linear.out(), linear.in());
    }
    Tensor codes = ops.clamp(ops.add(floors, rounding(ops)), params.format().minCode(), params.format().maxCode());
    return ops.mul(codes, scales);
  }

  /** Whether the site gives hard weights from now on. */
  public void useHardWeights(boolean value) {
    hard = value;
  }

  /** The codes that V has decided for: up where {@code h(V) >= 0.5}. */
  public QuantizedTensor harden() {
    return codes(logits.toFloats());
  }

  /** The codes of other logits. */
  QuantizedTensor codes(float[] v) {
    byte[] codes = new byte[v.length];
    int min = params.format().minCode();
    int max = params.format().maxCode();
    for (int i = 0; i < v.length; i++) {
      codes[i] = (byte) Math.clamp((long) floors.array()[floors.offset() + i] + (v[i] >= 0 ? 1 : 0), min, max);
    }
    return new QuantizedTensor(codes, params);
  }

  /** Puts V back to values that were kept. */
  void restore(float[] values) {
    System.arraycopy(values, 0, logits.array(), logits.offset(), values.length);
  }
}
