package nibble.quant.brecq;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
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
import nibble.quant.model.Segment;
import nibble.quant.model.SiteFitting;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.quant.range.SomeRows;
import nibble.quant.reconstruct.BlockReconstructor;
import nibble.quant.reconstruct.BlockWalk;
import nibble.quant.reconstruct.DroppedQuantizer;
import nibble.quant.reconstruct.RoundingLogits;
import nibble.quant.reconstruct.SampleBatches;
import nibble.quant.rounding.RoundingDrive;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Walks a model part by part, learns the roundings of each, and puts codes and activation
 * quantizers into execution.
 */
final class BlockRounding {
  private static final int BATCH = 8;
  private static final int MOST_ROWS = 4096;

  private final ModelTask task;
  private final BrecqOptions options;
  private final Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
  private final IdentityHashMap<Linear, Tensor> weights = new IdentityHashMap<>();
  private final Map<String, Double> facts = new LinkedHashMap<>();

  BlockRounding(ModelTask task, BrecqOptions options) {
    this.task = task;
    this.options = options;
  }

  /**
   * @param drop share of elements left in float while learning; negative: activations are in float
   *     while learning
   */
  MethodReport run(double drop) {
    Map<Site, StoredFunction> quantizers = activations();
    IdentityHashMap<Site, SiteFunction> present = new IdentityHashMap<>();
    if (drop >= 0) {
      SplittableRandom random = new SplittableRandom(task.seed());
      quantizers.forEach(
          (site, quantizer) -> present.put(site, new DroppedQuantizer(quantizer, drop, random)));
    }
    present.forEach(Site::append);
    try {
      walk(Math.max(0, drop));
    } finally {
      present.forEach(Site::remove);
    }
    weights.forEach(Linear::setWeight); // errors are those of the float weights
    return new MethodReport(
        ModelExecution.install(task.model(), quantizers, codes), facts, List.of());
  }

  private void walk(double drop) {
    IdentityHashMap<Linear, RoundingLogits> learned = new IdentityHashMap<>();
    BlockWalk.run(
        task,
        SampleBatches.of(task.samples(), options.images(), BATCH),
        1,
        false,
        new BlockWalk.Visitor() {
          @Override
          public void learn(BlockWalk.Window window) {
            List<RoundingLogits> roundings = roundings(window.linears());
            if (!roundings.isEmpty()) {
              String name = window.parts().getFirst().name();
              BlockReconstructor.Result result =
                  new BlockReconstructor(task.ops(), options.reconstruction(drop))
                      .reconstruct(
                          window.forward(),
                          window.streams(),
                          roundings,
                          task.seed() + window.index());
              facts.put("error with nearest codes/" + name, result.before());
              facts.put("error with learned codes/" + name, result.after());
              roundings.forEach(rounding -> learned.put(rounding.linear(), rounding));
            }
          }

          @Override
          public void finish(Segment part) {
            part.stages().stream()
                .flatMap(List::stream)
                .map(learned::get)
                .filter(Objects::nonNull)
                .forEach(BlockRounding.this::keep);
          }
        });
  }

  private List<RoundingLogits> roundings(List<Linear> linears) {
    List<RoundingLogits> roundings = new ArrayList<>();
    for (Linear linear : linears) {
      task.weights(linear)
          .ifPresent(
              scheme -> {
                IntFormat format = IntFormat.symmetric(scheme.format().bits());
                float[] w = linear.weight().peek().toFloats();
                QuantParams params =
                    QuantParams.fit(
                        linear.name(),
                        w,
                        0,
                        linear.out(),
                        linear.in(),
                        format,
                        new Granularity.PerChannel(),
                        ClipSearch.mse(),
                        task.ops().splitter());
                roundings.add(
                    new RoundingLogits(linear, params, options.rate(), RoundingDrive.DEFAULTS));
              });
    }
    return roundings;
  }

  private void keep(RoundingLogits rounding) {
    Linear linear = rounding.linear();
    QuantizedTensor hard = rounding.harden();
    codes.put(linear, hard);
    weights.put(linear, linear.weight().peek().toF32());
    linear.setWeight(Tensor.of(hard.dequantize(), linear.out(), linear.in()));
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
    Tensor samples = SiteFitting.oneBatch(task.samples(), Math.min(options.images(), 32));
    SiteFitting.fit(task.ops(), task.model(), samples, fitters)
        .forEach((site, function) -> quantizers.put(site, (StoredFunction) function));
    return quantizers;
  }
}
