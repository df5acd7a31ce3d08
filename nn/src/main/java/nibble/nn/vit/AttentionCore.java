package nibble.nn.vit;

import java.util.Optional;
import java.util.function.UnaryOperator;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.SmoothedScores;
import nibble.nn.Operator;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.nn.site.SmoothedQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Attention between its projections: {@code softmax(scale q k^T) v} head by head, with sites at q,
 * k, v and the probabilities, and a softmax that another form may stand in for. How q, k and v are
 * made, and what is added to the scores, differs from model to model. While nothing is added,
 * nothing is installed in the sites and nothing is recorded, one kernel computes it without a
 * matrix of scores.
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
    if (!ops.isRecording()
        && q.dim(2) == v.dim(2)
        && !softmax.isReplaced()
        && value.isIdentity()
        && probabilities.isIdentity()) {
      AttentionRule rule = AttentionRule.scaled(q.dim(2) / heads).withScale(scale);
      if (query.isIdentity() && key.isIdentity()) {
        return ops.attention(q, k, v, heads, heads, rule, null, null);
      }
      Optional<SmoothedScores> codes = SmoothedQuantizer.scores(query, key);
      if (codes.isPresent()) {
        return ops.smoothedAttention(q, k, v, heads, heads, rule, codes.get());
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
}
