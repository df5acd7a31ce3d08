package nibble.nn.transformer;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Self-attention of one layer: projections, optional normalisation of queries and keys per head, optional rotary positions, attention, output
 * projection.
 *
 * <p>Sites below {@code layers.N}: {@code attn.qkv.input}; {@code attn.q_out}, {@code attn.k_out}, {@code attn.v_out} with the operands {@code
 * [batch, heads, tokens, headDim]} of the attention products, positions applied; {@code kv.key} and {@code kv.value} with keys and values as
 * they go into the cache, right before {@code k_out} and {@code v_out}; {@code attn.probs}; {@code attn.o.input}. Cached keys have passed
 * their sites when they were stored and do not pass them again.
 */
public final class SelfAttention {
  /**
   * The parts.
   *
   * @param core heads and visibility
   * @param projection queries, keys, values; its layers have the site {@code attn.qkv.input}
   * @param output the output projection
   * @param queryNorm over the channels of a head, or null
   * @param keyNorm the same for keys
   * @param rotary null where positions are not rotary
   */
  public record Parts(
      AttentionCore core, Projection projection, Linear output, @Nullable Norm queryNorm, @Nullable Norm keyNorm, @Nullable RotaryEmbedding rotary) {}

  private final Parts parts;
  private final int layer;
  private final Site input;
  private final Site query;
  private final Site key;
  private final Site value;
  private final Site cachedKey;
  private final Site cachedValue;
  private final Site probabilities;

  /**
   * @param name of the block, such as {@code layers.3}
   * @param layer its index, for the cache
   * @param sites where the sites are added
   */
  public SelfAttention(String name, int layer, Parts parts, Sites sites) {
    this.parts = parts;
    this.layer = layer;
    input = parts.projection.linears().getFirst().input();
    cachedKey = sites.add(name + ".kv.key");
    cachedValue = sites.add(name + ".kv.value");
    query = sites.add(name + ".attn.q_out");
    key = sites.add(name + ".attn.k_out");
    value = sites.add(name + ".attn.v_out");
    probabilities = sites.add(name + ".attn.probs");
  }

  /** {@code [batch, tokens, hidden]} to the same shape; rows as {@code sequences} says. */
  public Tensor forward(Ops ops, Tensor x, Sequences sequences) {
    Projection.Heads heads = parts.projection.apply(ops, input.apply(ops, x), parts.core);
    Tensor q = positioned(ops, heads.q(), parts.queryNorm, sequences);
    Tensor k = positioned(ops, heads.k(), parts.keyNorm, sequences);
    Tensor mixed =
        parts.core.apply(
            ops,
            query.apply(ops, q),
            key.apply(ops, cachedKey.apply(ops, k)),
            value.apply(ops, cachedValue.apply(ops, heads.v())),
            sequences,
            layer,
            probabilities);
    return parts.output.forward(ops, ops.mergeHeads(mixed));
  }

  private Tensor positioned(Ops ops, Tensor x, @Nullable Norm norm, Sequences sequences) {
    Tensor normed = norm == null ? x : norm.forward(ops, x);
    return parts.rotary == null ? normed : parts.rotary.apply(ops, normed, sequences);
  }

  /** What this attention is made of. */
  public Parts parts() {
    return parts;
  }

  /** The layers before the attention product. */
  public List<Linear> inputs() {
    return parts.projection.linears();
  }

  /** The layer after it. */
  public Linear output() {
    return parts.output;
  }
}
