package nibble.quant.lrpqvit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.allocation.BitAllocator;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleBatches;
import nibble.quant.range.LogGrid;
import nibble.quant.range.SoftmaxFit;
import nibble.quant.repqvit.RepQSteps;
import nibble.quant.sensitivity.LayerGroup;
import nibble.quant.sensitivity.SensitivityTable;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * LRP-QViT: bits of layers by how much of the answer's relevance passes them, and RepQ-ViT with
 * clipped scales of channels.
 *
 * <p>Ranjan, Savakis: <a href="https://arxiv.org/abs/2401.11243">arXiv:2401.11243</a> (2024). Only
 * the abstract and a table of results were read; the rules of relevance are those of Chefer and
 * others' code. The score of a layer, the cost below and the clip are inferred.
 *
 * <pre>{@code
 * c[l]      share of relevance at the input of l (LayerRelevance)
 * bits      min sum c[l] error(l, b[l])    subject to    sum b[l] weights(l) <= b sum weights(l)
 * quantize  RepQ-ViT with these bits; s[j] <- min(s[j], mean + kappa std) before scales are folded (ClippedScales)
 * }</pre>
 *
 * <p>Layers that read one tensor get bits together, for weights and input. Cost: a pass back and
 * forth, and a forward pass for each layer and number of bits.
 */
public final class LrpQVit implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "lrp-qvit",
          "LRP-QViT",
          "Ranjan, Savakis: arXiv:2401.11243 (formulas inferred)",
          "32 samples, no labels; one backward pass, a forward pass for each layer and bit width",
          "vision transformers at a mean of 4 to 6 bits, in place of repq-vit",
          LrpQVitOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers, each with its own bits; q, k, v and"
                  + " probabilities quantized in float",
              "W2..8A16"));

  private static final int BATCH = 4;
  private static final double SQRT_OF_TWO = 0.5;

  private final LrpQVitOptions options;

  /** With the given knobs. */
  public LrpQVit(LrpQVitOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static LrpQVit of(OptionValues values) {
    return new LrpQVit(LrpQVitOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  @Override
  public double passes(int samples) {
    return 50.0
        * (1 + options.below() + options.above())
        * Math.min(samples, options.relevanceImages());
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Map<String, Double> facts = new LinkedHashMap<>();
    List<LayerGroup> groups = LayerGroup.of(task);
    boolean mixed = !groups.isEmpty() && options.above() > 0 && options.below() > 0;
    ModelTask chosen =
        mixed ? LayerGroup.withBits(task, groups, allocate(task, groups, facts)) : task;
    RepQSteps.Fitted fitted =
        RepQSteps.fit(
            chosen,
            options.images(),
            true,
            true,
            new RepQSteps.Choices() {
              @Override
              public StoredFunction probabilities(int bits, Tensor x) {
                return SoftmaxFit.fit(bits, x.toFloats(), SQRT_OF_TWO, LogGrid.Zero.RESERVED);
              }

              @Override
              public UniformQuantizer channels(ActivationSite site, int bits, Tensor x, Ops ops) {
                UniformQuantizer percentiles = RepQSteps.Choices.super.channels(site, bits, x, ops);
                return options.clip()
                    ? new ClippedScales(chosen, site.readers()).best(percentiles, x)
                    : percentiles;
              }
            });
    return new MethodReport(
        ModelExecution.install(
            chosen.model(), RepQSteps.fold(chosen, fitted), RepQSteps.WEIGHTS.codes(chosen)),
        facts,
        List.of());
  }

  private Map<String, Integer> allocate(
      ModelTask task, List<LayerGroup> groups, Map<String, Double> facts) {
    SensitivityTable table =
        SensitivityTable.measure(
            task, groups, -options.below(), options.above(), options.relevanceImages());
    double[] c =
        LayerRelevance.measure(
            task.ops(),
            task.model(),
            groups,
            SampleBatches.of(task.samples(), options.relevanceImages(), BATCH));
    List<BitAllocator.Item> items = new ArrayList<>();
    long weights = 0;
    for (int i = 0; i < groups.size(); i++) {
      long size = groups.get(i).weights();
      weights += size;
      List<BitAllocator.Choice> choices = new ArrayList<>();
      for (int change = -options.below(); change <= options.above(); change++) {
        double weight = options.importance() == LrpQVitOptions.Importance.RELEVANCE ? c[i] : 1;
        choices.add(
            new BitAllocator.Choice(
                change + options.below(),
                (change + options.below()) * size,
                weight * table.error(i, change)));
      }
      items.add(new BitAllocator.Item(groups.get(i).name(), choices));
      facts.put("lrp-qvit." + groups.get(i).name() + ".relevance", c[i]);
    }
    Map<String, Integer> changes = new LinkedHashMap<>();
    BitAllocator.solve(items, options.below() * weights)
        .bits()
        .forEach(
            (name, bits) -> {
              changes.put(name, bits - options.below());
              facts.put(
                  "lrp-qvit." + name + ".bits",
                  (double) (LayerGroup.bits(task) + bits - options.below()));
            });
    return changes;
  }
}
