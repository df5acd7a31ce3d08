package nibble.quant.reconstruct;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.Function;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.site.StoredFunction;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.model.ModelTask;
import nibble.quant.model.Segment;
import nibble.tensor.Tensor;

/**
 * Roundings learned part by part against the float model (BRECQ): later parts see the hard codes of
 * earlier ones, and quantized activations.
 *
 * @param quantizers of activations, in their sites while roundings are learned
 * @param drop share of the activations that stay as they are (QDrop); empty leaves all activations
 *     in float
 * @param options of the learning in each part
 */
public record LearnedRounding(
    Map<Site, StoredFunction> quantizers, OptionalDouble drop, ReconstructionOptions options) {

  /**
   * The codes of the layers. The model is as before afterwards.
   *
   * @param batches of inputs
   * @param starts where the rounding of a layer begins; empty leaves the layer in float
   * @param facts get the errors of each part, before and after
   */
  public Map<Linear, QuantizedTensor> codes(
      ModelTask task,
      List<Tensor> batches,
      Function<Linear, Optional<RoundingLogits>> starts,
      Map<String, Double> facts) {
    Map<Site, SiteFunction> present = new LinkedHashMap<>();
    if (drop.isPresent()) {
      double share = drop.getAsDouble();
      SplittableRandom random = new SplittableRandom(task.seed());
      quantizers.forEach(
          (site, quantizer) ->
              present.put(site, new DroppedQuantizer(quantizer, share, random.split())));
    }
    Learning learning = new Learning(task, starts, facts);
    present.forEach(Site::append);
    try {
      BlockWalk.run(task, batches, 1, false, learning);
    } finally {
      present.forEach(Site::remove);
    }
    learning.weights.forEach(Linear::setWeight); // errors are those of the float weights
    return learning.codes;
  }

  private final class Learning implements BlockWalk.Visitor {
    private final ModelTask task;
    private final Function<Linear, Optional<RoundingLogits>> starts;
    private final Map<String, Double> facts;
    private final Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
    private final Map<Linear, Tensor> weights = new LinkedHashMap<>();

    Learning(
        ModelTask task,
        Function<Linear, Optional<RoundingLogits>> starts,
        Map<String, Double> facts) {
      this.task = task;
      this.starts = starts;
      this.facts = facts;
    }

    @Override
    public void learn(BlockWalk.Window window) {
      List<RoundingLogits> roundings =
          window.linears().stream().map(starts).flatMap(Optional::stream).toList();
      if (!roundings.isEmpty()) {
        String name = window.parts().getFirst().name();
        BlockReconstructor.Result result =
            new BlockReconstructor(task.ops(), options)
                .reconstruct(task, "roundings", window, roundings);
        facts.put("error with nearest codes/" + name, result.before());
        facts.put("error with learned codes/" + name, result.after());
      }
      roundings.forEach(rounding -> codes.put(rounding.linear(), rounding.harden()));
    }

    @Override
    public void finish(Segment part) {
      for (List<Linear> stage : part.stages()) {
        for (Linear linear : stage) {
          QuantizedTensor hard = codes.get(linear);
          if (hard != null) {
            weights.put(linear, linear.weight().peek().toF32());
            linear.setWeight(Tensor.of(hard.dequantize(), linear.out(), linear.in()));
          }
        }
      }
    }
  }
}
