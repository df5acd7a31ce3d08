package nibble.quant.actreg;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.format.Scheme;
import nibble.quant.format.Symmetry;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.NearestCodes;
import nibble.quant.model.SiteFitting;
import nibble.quant.model.TensorGrids;
import nibble.quant.range.RangeSearch;
import nibble.quant.tuning.TuningLoss;
import nibble.quant.tuning.WeightTraining;

/**
 * Activation regularization: the model trains with its layer inputs clipped and rounded between
 * learned bounds, and with a penalty on the kurtosis of layer outputs, so that neither activations
 * nor weights grow outliers. Then weights take their nearest codes and activations keep the learned
 * bounds, one static scale for each site.
 *
 * <p>Nrusimha, Mishra, Wang, Alistarh, Panda, Kim: <a
 * href="https://arxiv.org/abs/2404.03605">arXiv:2404.03605</a>.
 *
 * <pre>{@code
 * x^ = Q(x; c-, c+)   one pair of bounds a layer input, learned          loss = L + lambda * sum over layers of K(y)
 * K(y) = mean((y - mu)^4) / sigma^4 over channels, mean over tokens      weights stay in float while training
 * }</pre>
 *
 * <p>Differs from the paper: a short further training of a trained model in place of a
 * pre-training; L is the divergence from the float model by default; bounds start at the least
 * squares of what passes (paper: 4 and -4); the head's logits are left out of the penalty; zero
 * points are rounded, so that integers run. The penalty is off by default, since in so short a
 * training the model was worse with it.
 */
public final class ActivationRegularization implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "act-reg",
          "Activation regularization",
          "Nrusimha, Mishra, Wang, Alistarh, Panda, Kim: arXiv:2404.03605",
          "text (or images) to train on; minutes for a small model",
          "where activations must have one static scale a layer, and there is time to train all"
              + " weights",
          ActivationRegularizationOptions.OPTIONS,
          List.of("W2..8A2..8 with one static scale a layer input"));

  private final ActivationRegularizationOptions options;

  /** With the given knobs. */
  public ActivationRegularization(ActivationRegularizationOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static ActivationRegularization of(OptionValues values) {
    return new ActivationRegularization(ActivationRegularizationOptions.of(values));
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
  public void check(Scheme scheme) {
    ModelMethod.super.check(scheme);
    if (scheme.activations().isEmpty()) {
      throw new IllegalArgumentException(
          "%s learns bounds of activations, the scheme '%s' leaves them in float; name a scheme such as W4A4"
              .formatted(name(), scheme));
    }
  }

  @Override
  public double passes(int samples) {
    return 6.0 * options.training().steps() * options.training().batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Model model = task.model();
    TuningLoss.check(name(), model);
    Map<Site, LearnedBounds> bounds = bounds(task);
    List<MethodReport.Curve> curves = new ArrayList<>();
    bounds.forEach(Site::append);
    try (KurtosisPenalty penalty =
        new KurtosisPenalty(
            List.copyOf(bounds.values()), inBlocks(model), options.boundRate(), options.lambda())) {
      curves.add(new WeightTraining(task, options.training(), penalty).run(name()));
      if (!penalty.course().isEmpty()) {
        curves.add(new MethodReport.Curve(name() + " kurtosis", "steps", penalty.course()));
      }
    } finally {
      bounds.forEach(Site::remove);
    }
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    bounds.forEach((site, learned) -> quantizers.put(site, learned.frozen()));
    return new MethodReport(
        ModelExecution.install(model, quantizers, NearestCodes.of(task)), Map.of(), curves);
  }

  private static List<Linear> inBlocks(Model model) {
    return model.blocks().stream()
        .flatMap(block -> block.stages().stream())
        .flatMap(List::stream)
        .toList();
  }

  /**
   * Bounds of every layer input that is quantized, started at the least squares of the first batch.
   */
  private static Map<Site, LearnedBounds> bounds(ModelTask task) {
    Map<Site, SiteFitting.Fitter> fitters =
        new TensorGrids(Symmetry.ASYMMETRIC, RangeSearch.SHRINK)
            .fitters(
                task,
                site ->
                    !site.readers().isEmpty()
                        && site.readers().stream()
                            .allMatch(linear -> task.weights(linear).isPresent()));
    Map<Site, SiteFunction> fitted =
        SiteFitting.fit(
            task.ops(), task.model(), task.samples().batches().getFirst().inputs(), fitters);
    Map<Site, LearnedBounds> bounds = new LinkedHashMap<>();
    fitted.forEach(
        (site, function) -> {
          if (function instanceof UniformQuantizer start) {
            bounds.put(site, LearnedBounds.of(site.name(), start));
          }
        });
    return bounds;
  }
}
