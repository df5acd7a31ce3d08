package nibble.quant.rotation;

import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;

/**
 * The sites that queries and keys pass on their way to their product, positions applied.
 *
 * @param query {@code attn.q_out}
 * @param key {@code kv.key}, as a cache stores it; {@code attn.k_out} in models without a cache
 */
record AttentionOperands(Site query, Site key) {
  /**
   * Those of one attention layer.
   *
   * @throws IllegalArgumentException if the model has no such sites
   */
  static AttentionOperands of(Model model, ResidualStructure.Attention attention) {
    String output = attention.output().name(); // layers.0.attn.o
    String layer = output.substring(0, output.lastIndexOf('.'));
    String block = layer.substring(0, layer.lastIndexOf('.'));
    return new AttentionOperands(
        model.sites().get(layer + ".q_out"),
        model.sites().find(block + ".kv.key").orElseGet(() -> model.sites().get(layer + ".k_out")));
  }
}
