package nibble.nn.transformer;

import java.util.List;
import java.util.Optional;
import nibble.kernels.attention.SmoothedScores;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.nn.cache.CacheFormat;
import nibble.nn.cache.FloatLayerCache;
import nibble.nn.cache.LayerCache;
import nibble.nn.cache.PackedLayerCache;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Self-attention of one layer: projections, optional normalisation of queries and keys per head,
 * optional rotary positions, attention, output projection.
 *
 * <p>Sites below {@code layers.N}: {@code attn.qkv.input}; {@code attn.q_out}, {@code attn.k_out},
 * {@code attn.v_out} with the operands {@code [batch, heads, tokens, headDim]} of the attention
 * products, positions applied; {@code kv.key} and {@code kv.value} with keys and values as they go
 * into the cache, right before {@code k_out} and {@code v_out}; {@code attn.probs}; {@code
 * attn.o.input}. Cached keys have passed their sites when they were stored and do not pass them
 * again. While nothing is installed in the sites between the projections and nothing is recorded,
 * one kernel computes the attention without a matrix of scores.
 *
 * <p>With a {@link CacheFormat}, keys and values are read from their codes, see {@link
 * #setCacheFormat}.
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
      AttentionCore core,
      Projection projection,
      Linear output,
      @Nullable Norm queryNorm,
      @Nullable Norm keyNorm,
      @Nullable RotaryEmbedding rotary) {}

  private final Parts parts;
  private final int layer;
  private final Site input;
  private final AttentionSites sites;
  private @Nullable CacheFormat cacheFormat;

  /**
   * @param name of the block, such as {@code layers.3}
   * @param layer its index, for the cache
   * @param sites where the sites are added
   */
  public SelfAttention(String name, int layer, Parts parts, Sites sites) {
    this.parts = parts;
    this.layer = layer;
    input = parts.projection.linears().getFirst().input();
    this.sites = AttentionSites.add(name, sites);
  }

  /** {@code [batch, tokens, hidden]} to the same shape; rows as {@code sequences} says. */
  public Tensor forward(Ops ops, Tensor x, Sequences sequences) {
    return parts.output.forward(ops, mixed(ops, x, sequences));
  }

  /** {@code residual} plus the same, in one pass where the output's weight can do that. */
  public Tensor forwardAdd(Ops ops, Tensor x, Sequences sequences, Tensor residual) {
    return parts.output.forwardAdd(ops, mixed(ops, x, sequences), residual);
  }

  /** What the output projection reads. */
  private Tensor mixed(Ops ops, Tensor x, Sequences sequences) {
    AttentionCore core = parts.core;
    Projection.Heads heads = parts.projection.apply(ops, input.apply(ops, x), core);
    CacheFormat packed = cacheFormat;
    if (packed != null) {
      return packed(ops, packed, heads, sequences);
    }
    Tensor q = positioned(ops, heads.q(), parts.queryNorm, sequences);
    Tensor k = positioned(ops, heads.k(), parts.keyNorm, sequences);
    return attended(ops, q, k, heads.v(), sequences);
  }

  private Tensor attended(Ops ops, Tensor q, Tensor k, Tensor v, Sequences sequences) {
    AttentionCore core = parts.core;
    if (!ops.isRecording()) {
      if (sites.areIdentity()) {
        return core.fused(ops, q, k, v, sequences, layer);
      }
      Optional<SmoothedScores> codes = sites.integerScores();
      if (codes.isPresent()) {
        return core.fused(ops, q, k, v, sequences, layer, codes.get());
      }
    }
    return core.observed(ops, q, k, v, sequences, layer, sites);
  }

  /** Attention that reads keys and values from their codes. */
  private Tensor packed(Ops ops, CacheFormat format, Projection.Heads heads, Sequences sequences) {
    Tensor q = positioned(ops, heads.q(), parts.queryNorm, sequences);
    Tensor k =
        format.beforePositions()
            ? normed(ops, heads.k(), parts.keyNorm)
            : positioned(ops, heads.k(), parts.keyNorm, sequences);
    return new PackedAttention(parts.core, format, parts.rotary, sites)
        .attend(ops, q, k, heads.v(), sequences, layer);
  }

  private Tensor positioned(Ops ops, Tensor x, @Nullable Norm norm, Sequences sequences) {
    Tensor normed = normed(ops, x, norm);
    return parts.rotary == null
        ? normed
        : parts.rotary.apply(ops, normed, parts.core.headDim(), sequences);
  }

  private Tensor normed(Ops ops, Tensor x, @Nullable Norm norm) {
    if (norm == null) {
      return x;
    }
    int headDim = parts.core.headDim();
    Tensor byHead = ops.reshape(x, x.dim(0), x.dim(1), x.dim(2) / headDim, headDim);
    return ops.reshape(norm.forward(ops, byHead), x.shape().dims());
  }

  /** How keys and values are kept as codes; empty for float. */
  public Optional<CacheFormat> cacheFormat() {
    return Optional.ofNullable(cacheFormat);
  }

  /**
   * Keeps keys and values as codes from now on, in caches that are made afterwards and in passes
   * without a cache: these read what a cache would give.
   *
   * @throws IllegalArgumentException if the format does not fit these heads, or a token would see
   *     keys after it
   */
  public void setCacheFormat(CacheFormat format) {
    format.check(parts.core.cacheShape());
    if (!parts.core.visibility().causal()) {
      throw new IllegalArgumentException(
          "attention that sees later tokens has no cache of keys and values");
    }
    cacheFormat = format;
  }

  /** An empty cache for one sequence. */
  public LayerCache newCache() {
    CacheFormat format = cacheFormat;
    return format == null
        ? new FloatLayerCache(parts.core.keyValueWidth())
        : new PackedLayerCache(format, parts.core.cacheShape(), 0);
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
