package nibble.quant.kvcache;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.RotaryEmbedding;
import nibble.nn.transformer.TransformerBlock;
import nibble.quant.fisher.NextTokenLoss;
import nibble.quant.fisher.Probe;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Keys before positions and values of one layer on calibration texts, sinks left out, with the
 * squares of the gradients that the loss has in them.
 *
 * @param keys rows of {@code width} channels
 * @param keyWeights squared gradients, the same shape
 * @param values rows of {@code width} channels
 * @param valueWeights squared gradients
 */
record CacheSamples(Rows keys, Rows keyWeights, Rows values, Rows valueWeights) {
  /** Rows that grow. */
  static final class Rows {
    private final List<float[]> rows = new ArrayList<>();

    int count() {
      return rows.size();
    }

    float[] row(int index) {
      return rows.get(index);
    }

    /**
     * Adds the rows of {@code x [batch, tokens, width]} from token {@code first} on, until there
     * are {@code most}.
     */
    void add(Tensor x, int first, int most, boolean squared) {
      int width = x.dim(2);
      for (int b = 0; b < x.dim(0); b++) {
        for (int t = first; t < x.dim(1) && rows.size() < most; t++) {
          float[] row = new float[width];
          System.arraycopy(x.array(), x.offset() + (b * x.dim(1) + t) * width, row, 0, width);
          for (int i = 0; squared && i < width; i++) {
            row[i] *= row[i];
          }
          rows.add(row);
        }
      }
    }
  }

  private static CacheSamples empty() {
    return new CacheSamples(new Rows(), new Rows(), new Rows(), new Rows());
  }

  /**
   * Runs a float model over texts, with gradients.
   *
   * @param sinks first tokens of every text that are left out
   * @param most tokens of all texts that are kept
   */
  static Map<String, CacheSamples> record(
      Ops ops, CausalLanguageModel model, List<Tensor> texts, int sinks, int most) {
    Map<String, CacheSamples> all = new LinkedHashMap<>();
    Map<Site, SiteFunction> probes = new LinkedHashMap<>();
    for (TransformerBlock block : model.blocks()) {
      CacheSamples samples = empty();
      all.put(block.name(), samples);
      RotaryEmbedding rotary = block.attention().parts().rotary();
      int headDim = CacheLayers.shape(block).headDim();
      probe(
          model,
          probes,
          block.name() + ".kv.key",
          new Probe(
              x -> samples.keys.add(plain(ops, x, rotary, headDim, false), sinks, most, false),
              g ->
                  samples.keyWeights.add(plain(ops, g, rotary, headDim, true), sinks, most, true)));
      probe(
          model,
          probes,
          block.name() + ".kv.value",
          new Probe(
              x -> samples.values.add(plain(ops, x, null, headDim, false), sinks, most, false),
              g ->
                  samples.valueWeights.add(plain(ops, g, null, headDim, true), sinks, most, true)));
    }
    probes.forEach(Site::append);
    try {
      for (Tensor text : texts) {
        if (all.values().iterator().next().keys.count() < most) {
          try (Scope scope = ops.scope()) {
            double _ = NextTokenLoss.backward(ops, model, text); // the probes see what counts
          }
        }
      }
    } finally {
      probes.forEach(Site::remove);
    }
    return all;
  }

  private static void probe(
      CausalLanguageModel model, Map<Site, SiteFunction> probes, String site, Probe probe) {
    probes.put(model.sites().get(site), (ops, x) -> ops.custom(probe, x));
  }

  /**
   * {@code [batch, heads, tokens, headDim]} to {@code [batch, tokens, heads * headDim]}, a copy,
   * positions undone.
   */
  private static Tensor plain(
      Ops ops, Tensor x, @Nullable RotaryEmbedding rotary, int headDim, boolean gradient) {
    try (var inference = ops.noGrad()) {
      Tensor merged = ops.mergeHeads(x);
      Tensor copy = Tensor.of(merged.toFloats(), merged.shape().dims());
      if (rotary != null) {
        rotary.undo(copy, headDim, gradient);
      }
      return copy;
    }
  }
}
