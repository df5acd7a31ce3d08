package nibble.nn.transformer;

import java.util.Optional;
import nibble.kernels.attention.SmoothedScores;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.nn.site.SmoothedQuantizer;

/**
 * The sites of one attention; all see {@code [batch, heads, tokens, headDim]}, the probabilities
 * {@code [batch, heads, tokens, keys]}.
 *
 * @param query {@code attn.q_out}, after positions were applied
 * @param cachedKey {@code kv.key}, as a cache stores it
 * @param key {@code attn.k_out}
 * @param cachedValue {@code kv.value}, as a cache stores it
 * @param value {@code attn.v_out}
 * @param probabilities {@code attn.probs}
 */
record AttentionSites(
    Site query, Site cachedKey, Site key, Site cachedValue, Site value, Site probabilities) {
  /** New sites below {@code name}. */
  static AttentionSites add(String name, Sites sites) {
    return new AttentionSites(
        sites.add(name + ".attn.q_out"),
        sites.add(name + ".kv.key"),
        sites.add(name + ".attn.k_out"),
        sites.add(name + ".kv.value"),
        sites.add(name + ".attn.v_out"),
        sites.add(name + ".attn.probs"));
  }

  /**
   * How the scores run in integers: if queries and keys are quantized for that and the other sites
   * are empty.
   */
  Optional<SmoothedScores> integerScores() {
    return cachedKey.isIdentity()
            && cachedValue.isIdentity()
            && value.isIdentity()
            && probabilities.isIdentity()
        ? SmoothedQuantizer.scores(query, key)
        : Optional.empty();
  }

  /** Whether nothing is installed in any of them. */
  boolean areIdentity() {
    return query.isIdentity()
        && cachedKey.isIdentity()
        && key.isIdentity()
        && cachedValue.isIdentity()
        && value.isIdentity()
        && probabilities.isIdentity();
  }
}
