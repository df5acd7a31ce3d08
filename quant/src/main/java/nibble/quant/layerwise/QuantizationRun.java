package nibble.quant.layerwise;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.nn.WeightMatrix;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.model.ActivationQuantizers;
import nibble.quant.model.LayerExecution;
import nibble.quant.model.LayerResult;
import nibble.quant.model.Segment;
import nibble.quant.model.SkippedProducts;
import nibble.quant.observer.ActivationObserver;
import nibble.quant.observer.AttentionConcentration;
import nibble.quant.observer.Hessian;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The state of one {@link ModelQuantizer#quantize}. */
final class QuantizationRun {
  private final Ops ops;
  private final Sites sites;
  private final Map<Linear, LayerPlan> plans;
  private final ModelQuantizer.Listener listener;
  private final LayerExecution execution = new LayerExecution();

  QuantizationRun(
      Ops ops, Sites sites, Map<Linear, LayerPlan> plans, ModelQuantizer.Listener listener) {
    this.ops = ops;
    this.sites = sites;
    this.plans = plans;
    this.listener = listener;
  }

  List<LayerResult> results() {
    return execution.results();
  }

  /**
   * Quantizes one part and returns what it makes of {@code inputs}, with quantized weights and
   * float activations.
   */
  List<Tensor> segment(Segment segment, List<Tensor> inputs) {
    IdentityHashMap<Linear, WeightMatrix> executed = new IdentityHashMap<>();
    TokenWeights weights = new TokenWeights(ops, sites, segment, inputs);
    for (List<Linear> stage : segment.stages()) {
      List<Linear> planned = stage.stream().filter(plans::containsKey).toList();
      if (!planned.isEmpty()) {
        stage(segment, stage, planned, inputs, weights, executed);
      }
    }
    List<Tensor> outputs = outputs(segment, inputs, executed);
    executed.forEach(Linear::execute);
    return outputs;
  }

  /** Measures input errors on the way. Nobody reads the outputs of the last part. */
  private List<Tensor> outputs(
      Segment segment, List<Tensor> inputs, Map<Linear, WeightMatrix> executed) {
    IdentityHashMap<Linear, WeightMatrix> quantized = new IdentityHashMap<>();
    executed.forEach(
        (linear, matrix) -> {
          if (plan(linear).activations().isPresent()) {
            quantized.put(linear, matrix);
          }
        });
    List<Tensor> first =
        InputErrors.measure(ops, segment, inputs, quantized, execution::recordInputError);
    if (segment.isLast()) {
      return List.of();
    }
    List<Tensor> outputs = new ArrayList<>(first);
    outputs.addAll(segment.forward(ops, inputs.subList(first.size(), inputs.size())));
    return outputs;
  }

  private void stage(
      Segment segment,
      List<Linear> stage,
      List<Linear> planned,
      List<Tensor> inputs,
      TokenWeights weights,
      Map<Linear, WeightMatrix> executed) {
    Map<Site, InputStatistics> statistics =
        inputs.isEmpty() ? Map.of() : measure(segment, stage, planned, inputs, weights);
    IdentityHashMap<Site, Hessian> hessians = new IdentityHashMap<>();
    statistics.forEach((site, measured) -> hessians.put(site, measured.takeHessian()));
    for (Linear linear : planned) {
      LayerResult result =
          layer(linear, hessians.get(linear.input()), statistics.get(linear.input()), executed);
      listener.layerDone(result, execution.results().size(), plans.size());
    }
  }

  private Map<Site, InputStatistics> measure(
      Segment segment,
      List<Linear> stage,
      List<Linear> planned,
      List<Tensor> inputs,
      TokenWeights weights) {
    IdentityHashMap<Site, InputStatistics> statistics = new IdentityHashMap<>();
    IdentityHashMap<Site, AttentionConcentration> weighted = new IdentityHashMap<>();
    for (Linear linear : planned) {
      statistics.computeIfAbsent(
          linear.input(),
          site -> new InputStatistics(site.name(), linear.in(), rangeObserver(linear)));
      plan(linear).method().tokenWeights().ifPresent(rule -> weighted.put(linear.input(), rule));
    }
    if (!weighted.isEmpty()) {
      weights.measure();
    }
    statistics.forEach(Site::append);
    try (SkippedProducts skipped = new SkippedProducts(segment, stage)) {
      for (int i = 0; i < inputs.size(); i++) {
        Tensor input = inputs.get(i);
        int index = i;
        statistics.forEach((site, measured) -> weigh(measured, weighted.get(site), weights, index));
        try (Scope scope = ops.scope()) {
          Tensor _ =
              segment.forward().apply(ops, input); // the observers in its sites are what counts
        }
      }
    } finally {
      statistics.forEach(Site::remove);
    }
    return statistics;
  }

  private static void weigh(
      InputStatistics measured,
      @Nullable AttentionConcentration rule,
      TokenWeights weights,
      int input) {
    if (rule != null) {
      measured.weigh(weights.of(input, rule));
    }
  }

  private @Nullable ActivationObserver rangeObserver(Linear linear) {
    LayerPlan plan = plan(linear);
    return plan.activations()
        .filter(a -> a.timing() == ActivationScheme.Timing.STATIC)
        .map(a -> plan.observer().create(linear.input().name(), a))
        .orElse(null);
  }

  private LayerPlan plan(Linear linear) {
    LayerPlan plan = plans.get(linear);
    if (plan == null) {
      throw new IllegalStateException("no plan for '" + linear.name() + "'");
    }
    return plan;
  }

  private LayerResult layer(
      Linear linear,
      @Nullable Hessian hessian,
      @Nullable InputStatistics statistics,
      Map<Linear, WeightMatrix> executed) {
    long start = System.nanoTime();
    LayerPlan plan = plan(linear);
    Tensor weight = linear.weight().peek();
    QuantizedWeight codes =
        plan.method().quantize(linear.name(), weight, hessian, plan.weights(), ops.splitter());
    double seconds = (System.nanoTime() - start) * 1e-9;
    @Nullable ActivationQuantizer quantizer =
        plan.activations()
            .map(
                a ->
                    ActivationQuantizers.of(
                        linear.name(), a, statistics == null ? null : statistics.range()))
            .orElse(null);
    executed.put(
        linear,
        execution.prepare(linear, weight, codes, quantizer, hessian, seconds, ops.splitter()));
    return execution.results().getLast();
  }
}
