package nibble.tensor;

import org.jspecify.annotations.Nullable;

/**
 * An operator through which relevance runs back instead of a gradient: layer-wise relevance
 * propagation, with the rules that are usual for transformers (Chefer, Gur, Wolf: <a
 * href="https://arxiv.org/abs/2012.09838">arXiv:2012.09838</a>, and its code).
 *
 * <pre>{@code
 * linear                     z+ rule:  Z = x+ W+^T + x- W-^T,  S = R / Z,  R_in = x+ (S W+) + x- (S W-);  the bias takes none
 * product of two tensors     each takes half:  R_A = A (S B^T) / 2,  R_B = B (A^T S) / 2,  S = R / (A B)
 * softmax, norms, activations     R as it is
 * sums, scaling, shapes      in proportion to the parts
 * }</pre>
 *
 * <p>What is handed back is {@code c = R / value}, 0 where the value is 0. So relevance of a tensor
 * that is used twice adds up as gradients do, sums and scalings need no rule of their own, and the
 * relevance of any recorded tensor is c times the tensor.
 */
record Relevance(Operator rule) implements Operator {
  private static final double SMALLEST = 1e-9;

  @Override
  public Tensor forward(Engine engine, Tensor... in) {
    return rule.forward(engine, in);
  }

  @Override
  public Saves saves() {
    return Saves.BOTH;
  }

  @Override
  public boolean ownsGradients() {
    return false;
  }

  @Override
  public @Nullable Tensor[] backward(
      Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
    try (Ops.Mode mode = engine.ops().noGrad()) {
      return switch (rule) {
        case Matmul.Linear _ -> first(linear(engine.ops(), grad, in[0], in[1], out), in.length);
        case Matmul.Product product ->
            halved(engine.ops(), product.backward(engine, grad, in, out, wanted));
        case Normalisation.SoftmaxRow _ -> first(passed(engine.ops(), grad, in[0], out), in.length);
        case Normalisation.LogSoftmaxRow _ ->
            first(passed(engine.ops(), grad, in[0], out), in.length);
        case Normalisation.LayerNormRow _ ->
            first(passed(engine.ops(), grad, in[0], out), in.length);
        case Normalisation.RmsNormRow _ -> first(passed(engine.ops(), grad, in[0], out), in.length);
        case Pointwise.Activate _ -> first(passed(engine.ops(), grad, in[0], out), in.length);
        default -> rule.backward(engine, grad, in, out, wanted);
      };
    }
  }

  private static @Nullable Tensor[] first(Tensor c, int inputs) {
    @Nullable Tensor[] all = new @Nullable Tensor[inputs];
    all[0] = c;
    return all;
  }

  private static @Nullable Tensor[] halved(Ops ops, @Nullable Tensor[] gradients) {
    for (int i = 0; i < gradients.length; i++) {
      Tensor gradient = gradients[i];
      gradients[i] = gradient == null ? null : ops.scale(gradient, 0.5f);
    }
    return gradients;
  }

  /** R of the result becomes R of the input. */
  private static Tensor passed(Ops ops, Tensor c, Tensor x, Tensor y) {
    return quotient(ops, ops.mul(c, y), x);
  }

  private static Tensor linear(Ops ops, Tensor c, Tensor x, Tensor w, Tensor y) {
    Tensor positive = part(ops, w, true);
    Tensor negative = part(ops, w, false);
    Tensor z =
        ops.add(
            ops.linear(part(ops, x, true), positive, null),
            ops.linear(part(ops, x, false), negative, null));
    Tensor s = quotient(ops, ops.mul(c, y), z);
    Tensor above = ops.matmul(s, positive);
    Tensor below = ops.matmul(s, negative);
    Tensor result = ops.empty(x.shape().dims());
    for (int i = 0; i < x.size(); i++) {
      float value = x.array()[x.offset() + i];
      float share =
          value > 0 ? above.array()[above.offset() + i] : below.array()[below.offset() + i];
      result.array()[result.offset() + i] = value == 0 ? 0 : share;
    }
    return result;
  }

  private static Tensor part(Ops ops, Tensor x, boolean positive) {
    return positive ? ops.relu(x) : ops.neg(ops.relu(ops.neg(x)));
  }

  /** {@code a / b}, 0 where b is 0; in double, since small sums may stand below. */
  private static Tensor quotient(Ops ops, Tensor a, Tensor b) {
    Tensor result = ops.empty(a.shape().dims());
    for (int i = 0; i < a.size(); i++) {
      double below = b.array()[b.offset() + i];
      double value =
          below == 0 ? 0 : a.array()[a.offset() + i] / (below + Math.copySign(SMALLEST, below));
      result.array()[result.offset() + i] = (float) value;
    }
    return result;
  }
}
