package nibble.nn.vit;

import java.util.Optional;
import java.util.function.UnaryOperator;
import nibble.kernels.attention.Attention;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.ProbabilityMap;
import nibble.kernels.attention.SmoothedScores;
import nibble.nn.Operator;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.Sites;
import nibble.nn.site.SmoothedQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Attention between its projections: {@code softmax(scale q k^T) v} head by head, with sites at q,
 * k, v and the probabilities, and a softmax that another form may stand in for. How q, k and v are
 * made, and what is added to the scores, differs from model to model. While nothing is added,
 * nothing is recorded, what is in the sites of q, k and v works on heads side by side and what is
 * in that of the probabilities on single queries, one kernel computes it without a matrix of
 * scores.
 */
final class AttentionCore {
  private final int heads;
  private final float scale;
  private final Site query;
  private final Site key;
  private final Site value;
  private final Operator softmax;
  private final Site probabilities;

  /**
   * @param name of the attention layer, which the sites {@code .q_out}, {@code .k_out}, {@code
   *     .v_out} and {@code .probs} are named after
   * @param scale factor of the scores
   */
  AttentionCore(String name, int heads, float scale, Sites sites) {
    this.heads = heads;
    this.scale = scale;
    query = sites.add(name + ".q_out");
    key = sites.add(name + ".k_out");
    value = sites.add(name + ".v_out");
    softmax = sites.addOperator(name + ".softmax", Operator.Kind.SOFTMAX);
    probabilities = sites.add(name + ".probs");
  }

  /**
   * {@code v [batch, tokens, hidden]} to the mixed values of the same shape. Heads of {@code q} and
   * {@code k} may be wider than those of v.
   */
  Tensor forward(Ops ops, Tensor q, Tensor k, Tensor v) {
    if (!ops.isRecording() && q.dim(2) == v.dim(2) && !softmax.isReplaced()) {
      int headDim = q.dim(2) / heads;
      AttentionRule rule = AttentionRule.scaled(headDim).withScale(scale);
      Optional<SmoothedScores> codes = SmoothedQuantizer.scores(query, key);
      if (codes.isPresent() && value.isIdentity() && probabilities.isIdentity()) {
        return ops.smoothedAttention(q, k, v, heads, heads, rule, codes.get());
      }
      Optional<InOneKernel> kernel = oneKernel(headDim, k.dim(1));
      if (kernel.isPresent()) {
        return kernel.get().attend(ops, q, k, v, heads, rule);
      }
    }
    return forward(ops, q, k, v, UnaryOperator.identity());
  }

  /**
   * @param biased the scores {@code [batch, heads, tokens, tokens]} with what is added to them
   *     before the softmax
   */
  Tensor forward(Ops ops, Tensor q, Tensor k, Tensor v, UnaryOperator<Tensor> biased) {
    Tensor queries = query.apply(ops, ops.splitHeads(q, heads));
    Tensor keys = key.apply(ops, ops.splitHeads(k, heads));
    Tensor values = value.apply(ops, ops.splitHeads(v, heads));
    Tensor scores = biased.apply(ops.matmulTransposed(ops.scale(queries, scale), keys));
    Tensor probs = probabilities.apply(ops, softmax.apply(ops, scores, ops::softmax));
    return ops.mergeHeads(ops.matmul(probs, values));
  }

  /** What stands in the sites, if one kernel can do with it. */
  private Optional<InOneKernel> oneKernel(int headDim, int keys) {
    Optional<SiteFunction> q = query.sideBySide(heads, headDim);
    Optional<SiteFunction> k = key.sideBySide(heads, headDim);
    Optional<SiteFunction> v = value.sideBySide(heads, headDim);
    if (q.isEmpty() || k.isEmpty() || v.isEmpty()) {
      return Optional.empty();
    }
    if (probabilities.isIdentity()) {
      return Optional.of(new InOneKernel(q.get(), k.get(), v.get(), Optional.empty()));
    }
    return probabilities.functions().size() == 1 && keys <= Attention.best().mostKeysTogether()
        ? probabilities
            .functions()
            .getFirst()
            .probabilityMap(heads)
            .map(map -> new InOneKernel(q.get(), k.get(), v.get(), Optional.of(map)))
        : Optional.empty();
  }

  /** What happens to queries, keys and values as the projections write them. */
  private record InOneKernel(
      SiteFunction query,
      SiteFunction key,
      SiteFunction value,
      Optional<ProbabilityMap> probabilities) {

    Tensor attend(Ops ops, Tensor q, Tensor k, Tensor v, int heads, AttentionRule rule) {
      Tensor queries = query.apply(ops, q);
      Tensor keys = key.apply(ops, k);
      Tensor values = value.apply(ops, v);
      return probabilities
          .map(map -> ops.mappedAttention(queries, keys, values, heads, heads, rule, map))
          .orElseGet(() -> ops.attention(queries, keys, values, heads, heads, rule, null, null));
    }
  }
}
