package nibble.quant.brecq;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleBatches;
import nibble.quant.model.SiteFitting;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.quant.range.SomeRows;
import nibble.quant.reconstruct.LearnedRounding;
import nibble.quant.reconstruct.RoundingLogits;
import nibble.quant.rounding.RoundingDrive;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/** Learns the roundings of a model, and puts codes and activation quantizers into execution. */
public final class BlockRounding {
  private static final int BATCH = 8;
  private static final int MOST_ROWS = 4096;

  private final ModelTask task;
  private final BrecqOptions options;

  /** For the model of {@code task}. */
  public BlockRounding(ModelTask task, BrecqOptions options) {
    this.task = task;
    this.options = options;
  }

  /**
   * What was learned, installed nowhere yet; the model is as before.
   *
   * @param quantizers of activations by site, one asymmetric grid each
   * @param codes of weights by layer
   * @param facts errors of each part with nearest and with learned codes
   */
  public record Rounded(
      Map<Site, StoredFunction> quantizers,
      Map<Linear, QuantizedTensor> codes,
      Map<String, Double> facts) {}

  /** Learns, and executes what was learned; see {@link #learn}. */
  MethodReport run(OptionalDouble drop) {
    Rounded rounded = learn(drop);
    return new MethodReport(
        ModelExecution.install(task.model(), rounded.quantizers(), rounded.codes()),
        rounded.facts(),
        List.of());
  }

  /**
   * Learns the roundings of all parts.
   *
   * @param drop share of elements left in float while learning; empty: activations are in float
   *     while learning
   */
  public Rounded learn(OptionalDouble drop) {
    Map<Site, StoredFunction> quantizers = activations();
    Map<String, Double> facts = new LinkedHashMap<>();
    Map<Linear, QuantizedTensor> codes =
        new LearnedRounding(quantizers, drop, options.reconstruction(drop.orElse(0)))
            .codes(
                task,
                SampleBatches.of(task.samples(), options.images(), BATCH),
                this::rounding,
                facts);
    return new Rounded(quantizers, codes, facts);
  }

  private Optional<RoundingLogits> rounding(Linear linear) {
    return task.weights(linear)
        .map(
            scheme -> {
              QuantParams params =
                  QuantParams.fit(
                      linear.name(),
                      linear.weight().peek().toFloats(),
                      0,
                      linear.out(),
                      linear.in(),
                      IntFormat.symmetric(scheme.format().bits()),
                      new Granularity.PerChannel(),
                      ClipSearch.mse(),
                      task.ops().splitter());
              return new RoundingLogits(linear, params, options.rate(), RoundingDrive.DEFAULTS);
            });
  }

  /**
   * One asymmetric grid for each tensor, fitted in one pass in which later sites see quantized
   * earlier ones.
   */
  private Map<Site, StoredFunction> activations() {
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      task.activations(site.site())
          .ifPresent(
              scheme -> {
                IntFormat format = IntFormat.asymmetric(scheme.format().bits());
                fitters.put(
                    site.site(),
                    x ->
                        SiteGrids.fit(
                            site.name(),
                            SomeRows.of(x, MOST_ROWS),
                            Shape.of(),
                            format,
                            RangeSearch.SHRINK,
                            task.ops()));
              });
    }
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    Tensor samples = SampleBatches.one(task.samples(), Math.min(options.images(), 32));
    SiteFitting.fit(task.ops(), task.model(), samples, fitters)
        .forEach((site, function) -> quantizers.put(site, (StoredFunction) function));
    return quantizers;
  }
}
