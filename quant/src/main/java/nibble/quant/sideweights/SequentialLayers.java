package nibble.quant.sideweights;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.WeightMatrix;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.model.LayerExecution;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.Segment;
import nibble.quant.observer.Hessian;
import nibble.quant.observer.HessianAccumulator;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Chooses the codes of a model layer by layer with second moments of the inputs; later layers see
 * the outputs of quantized earlier ones.
 */
public final class SequentialLayers {
  private final Ops ops;
  private final Chooser chooser;
  private final MethodProgress progress;
  private final LayerExecution execution = new LayerExecution();

  /** Chooses the codes of one layer. */
  @FunctionalInterface
  public interface Chooser {
    /**
     * The codes.
     *
     * @param weight {@code [out, in]}, a working tensor
     */
    QuantizedWeight choose(Linear linear, Tensor weight, Hessian hessian);
  }

  private SequentialLayers(Ops ops, Chooser chooser, MethodProgress progress) {
    this.ops = ops;
    this.chooser = chooser;
    this.progress = progress;
  }

  /**
   * Quantizes {@code layers} of {@code model} in place.
   *
   * @param inputs of the model
   */
  public static List<LayerResult> run(
      Ops ops,
      Model model,
      List<Linear> layers,
      List<Tensor> inputs,
      Chooser chooser,
      MethodProgress progress) {
    SequentialLayers run = new SequentialLayers(ops, chooser, progress);
    progress.begin("quantize", layers.size(), "layers");
    List<Tensor> stream = inputs;
    try (var inference = ops.noGrad()) {
      for (Segment segment : Segment.of(model)) {
        stream = run.segment(segment, layers, stream);
      }
    }
    return run.execution.results();
  }

  private List<Tensor> segment(Segment segment, List<Linear> layers, List<Tensor> inputs) {
    IdentityHashMap<Linear, WeightMatrix> executed = new IdentityHashMap<>();
    for (List<Linear> stage : segment.stages()) {
      List<Linear> chosen = stage.stream().filter(layers::contains).toList();
      if (!chosen.isEmpty()) {
        Map<Site, HessianAccumulator> moments = measure(segment, chosen, inputs);
        for (Linear linear : chosen) {
          HessianAccumulator own = moments.get(linear.input());
          if (own == null) {
            throw new IllegalStateException("nothing passed '" + linear.input() + "'");
          }
          long start = System.nanoTime();
          Hessian hessian = own.hessian();
          QuantizedWeight codes = chooser.choose(linear, linear.weight().peek().toF32(), hessian);
          executed.put(
              linear,
              execution.prepare(linear, codes, null, hessian, (System.nanoTime() - start) * 1e-9));
          progress.to(execution.results().size(), linear.name());
        }
      }
    }
    List<Tensor> outputs = segment.isLast() ? List.of() : segment.forward(ops, inputs);
    executed.forEach(Linear::execute);
    return outputs;
  }

  private Map<Site, HessianAccumulator> measure(
      Segment segment, List<Linear> stage, List<Tensor> inputs) {
    IdentityHashMap<Site, HessianAccumulator> moments = new IdentityHashMap<>();
    IdentityHashMap<Site, SiteFunction> observers = new IdentityHashMap<>();
    for (Linear linear : stage) {
      HessianAccumulator sum =
          moments.computeIfAbsent(
              linear.input(), site -> new HessianAccumulator(site.name(), linear.in()));
      observers.computeIfAbsent(
          linear.input(),
          site ->
              (o, x) -> {
                Tensor floats = x.toF32();
                sum.add(
                    floats.array(), floats.offset(), (int) (x.size() / linear.in()), o.splitter());
                return x;
              });
    }
    observers.forEach(Site::append);
    try {
      for (Tensor input : inputs) {
        try (Scope scope = ops.scope()) {
          Tensor _ =
              segment.forward().apply(ops, input); // the observers in its sites are what counts
        }
      }
    } finally {
      observers.forEach(Site::remove);
    }
    return moments;
  }
}
