package nibble.quant.pact;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Symmetry;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.model.SampleBatches;
import nibble.quant.model.SiteFitting;
import nibble.quant.model.TensorGrids;
import nibble.quant.range.RangeSearch;
import nibble.quant.training.JointTraining;
import nibble.tensor.Tensor;

/**
 * PACT training: weights and activations are quantized together while the model is trained on; the
 * bounds of activations are learned, from clipped elements alone.
 *
 * <p>Choi, Wang, Venkataramani, Chuang, Srinivasan, Gopalakrishnan: <a
 * href="https://arxiv.org/abs/1805.06085">arXiv:1805.06085</a> (2018), partly from memory. See
 * {@link PactFunction}.
 *
 * <p>Differs from the paper: two bounds where values are negative, since transformers have no ReLU
 * at most sites; bounds begin at RepQ-ViT's percentiles, not at 10; weights have fixed symmetric
 * rows, begun at the least squares, with the clipped straight-through estimator, in place of
 * DoReFa's tanh, which changes what a trained model computes; AdamW at a constant rate. The result
 * runs as integers with the learned bounds.
 */
public final class Pact implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "pact",
          "PACT training",
          "Choi, Wang, Venkataramani and others: arXiv:1805.06085 (partly from memory)",
          "images to train on, labels where there are some",
          "as a baseline of lsq",
          PactOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in"
                  + " float"));

  private final PactOptions options;

  /** With the given knobs. */
  public Pact(PactOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static Pact of(OptionValues values) {
    return new Pact(PactOptions.of(values));
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
    return 6.0 * options.training().images();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    JointTraining training = new JointTraining(task, name(), activations(task), weights(task));
    training.train(name(), options.training());
    return training.install();
  }

  private Map<Site, TrainedQuantizer> activations(ModelTask task) {
    Map<Site, SiteFitting.Fitter> fitters =
        new TensorGrids(Symmetry.ASYMMETRIC, RangeSearch.PERCENTILES).fitters(task, site -> true);
    Map<Site, TrainedQuantizer> quantizers = new LinkedHashMap<>();
    Map<Site, SiteFunction> fitted =
        SiteFitting.fit(
            task.ops(),
            task.model(),
            SampleBatches.one(task.samples(), options.initImages()),
            fitters);
    fitted.forEach(
        (site, function) -> {
          if (function instanceof UniformQuantizer grid) {
            quantizers.put(site, started(site.name(), grid));
          }
        });
    return quantizers;
  }

  private PactQuantizer started(String name, UniformQuantizer grid) {
    float s = grid.scales().item();
    Tensor zeroPoint = grid.zeroPoints();
    float z = zeroPoint == null ? 0 : zeroPoint.item();
    return PactQuantizer.of(
        name, grid.bits(), s * ((1 << grid.bits()) - 1 - z), -s * z, options.decay());
  }

  private static List<JointTraining.Weight> weights(ModelTask task) {
    List<JointTraining.Weight> weights = new ArrayList<>();
    for (Linear linear : task.model().linears()) {
      task.weights(linear)
          .ifPresent(
              scheme -> {
                QuantizedTensor start =
                    new RowRounding(Symmetry.SYMMETRIC, RangeSearch.LEAST_SQUARES)
                        .codes(linear, scheme.format().bits(), task.ops().splitter());
                StoredFunction grid =
                    UniformQuantizer.symmetric(
                        scheme.format().bits(),
                        Tensor.of(start.params().scales(), linear.out(), 1));
                weights.add(
                    new JointTraining.Weight(
                        linear,
                        TrainedQuantizer.fixed(linear.weightSite().name(), grid),
                        () ->
                            new QuantizedTensor(
                                start
                                    .params()
                                    .quantize(linear.name(), linear.weight().peek().toFloats(), 0),
                                start.params())));
              });
    }
    return weights;
  }
}
