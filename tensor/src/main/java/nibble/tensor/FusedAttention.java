package nibble.tensor;

import nibble.kernels.attention.Attention;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.AttentionShape;
import nibble.kernels.attention.HeadView;
import nibble.kernels.attention.ProbabilityMap;
import nibble.kernels.attention.SmoothedAttention;
import nibble.kernels.attention.SmoothedScores;
import org.jspecify.annotations.Nullable;

/** Tensors as operands of the attention kernel. */
final class FusedAttention {
  private FusedAttention() {}

  /** An attention kernel with all that is not an operand. */
  private interface Kernel {
    void run(AttentionShape shape, HeadView q, HeadView k, HeadView v, HeadView out);
  }

  static Tensor forward(
      Engine engine,
      Tensor q,
      Tensor k,
      Tensor v,
      int heads,
      int kvHeads,
      AttentionRule rule,
      int @Nullable [] keyLengths,
      @Nullable Tensor bias) {
    return run(
        engine,
        q,
        k,
        v,
        heads,
        kvHeads,
        (shape, qs, ks, vs, out) ->
            Attention.best()
                .forward(
                    shape,
                    rule,
                    qs,
                    ks,
                    vs,
                    keyLengths,
                    bias == null ? null : bias(engine, bias, shape),
                    out,
                    engine.splitter()));
  }

  static Tensor mapped(
      Engine engine,
      Tensor q,
      Tensor k,
      Tensor v,
      int heads,
      int kvHeads,
      AttentionRule rule,
      ProbabilityMap map) {
    return run(
        engine,
        q,
        k,
        v,
        heads,
        kvHeads,
        (shape, qs, ks, vs, out) ->
            Attention.best().forward(shape, rule, map, qs, ks, vs, out, engine.splitter()));
  }

  static Tensor smoothed(
      Engine engine,
      Tensor q,
      Tensor k,
      Tensor v,
      int heads,
      int kvHeads,
      AttentionRule rule,
      SmoothedScores codes) {
    return run(
        engine,
        q,
        k,
        v,
        heads,
        kvHeads,
        (shape, qs, ks, vs, out) ->
            SmoothedAttention.best()
                .forward(shape, rule, codes, qs, ks, vs, out, engine.splitter()));
  }

  private static Tensor run(
      Engine engine, Tensor q, Tensor k, Tensor v, int heads, int kvHeads, Kernel kernel) {
    AttentionShape shape = shape(q, k, v, heads, kvHeads);
    int headDim = shape.headDim();
    Tensor out = engine.empty(q.shape());
    kernel.run(
        shape,
        heads(engine, q, headDim),
        heads(engine, k, headDim),
        heads(engine, v, headDim),
        heads(engine, out, headDim));
    return out;
  }

  private static AttentionShape shape(Tensor q, Tensor k, Tensor v, int heads, int kvHeads) {
    if (q.rank() != 3
        || k.rank() != 3
        || !k.shape().equals(v.shape())
        || q.dim(0) != k.dim(0)
        || heads < 1
        || q.dim(2) % heads != 0
        || (long) q.dim(2) * kvHeads != (long) k.dim(2) * heads) {
      throw new IllegalArgumentException(
          "attention of %d heads over %d needs q [b, n, heads * d] and k, v [b, m, kvHeads * d], got %s, %s and %s"
              .formatted(heads, kvHeads, q.shape(), k.shape(), v.shape()));
    }
    return new AttentionShape(q.dim(0), q.dim(1), k.dim(1), heads, kvHeads, q.dim(2) / heads);
  }

  private static HeadView heads(Engine engine, Tensor x, int headDim) {
    Tensor rows = x.hasConsecutiveRows() ? x : engine.working(x);
    return new HeadView(rows.heap(), rows.offset(), rows.stride(0), rows.stride(1), headDim);
  }

  private static HeadView bias(Engine engine, Tensor bias, AttentionShape shape) {
    boolean fits =
        bias.rank() == 4
            && isOneOr(bias.dim(0), shape.batch())
            && isOneOr(bias.dim(1), shape.heads())
            && isOneOr(bias.dim(2), shape.queries())
            && bias.dim(3) == shape.keys();
    if (!fits) {
      throw new IllegalArgumentException(
          "attention needs a bias [%d or 1, %d or 1, %d or 1, %d], got %s"
              .formatted(
                  shape.batch(), shape.heads(), shape.queries(), shape.keys(), bias.shape()));
    }
    Tensor rows = bias.hasConsecutiveRows() ? bias : engine.working(bias);
    return new HeadView(
        rows.heap(), rows.offset(), repeated(rows, 0), repeated(rows, 2), repeated(rows, 1));
  }

  private static boolean isOneOr(int dim, int wanted) {
    return dim == 1 || dim == wanted;
  }

  private static int repeated(Tensor x, int axis) {
    return x.dim(axis) == 1 ? 0 : x.stride(axis);
  }
}
