package nibble.quant.layerwise;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.quant.format.Granularity;
import nibble.quant.model.LayerResult;
import nibble.quant.model.Segment;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Quantizes a model part by part: embedding, each block, head. Within a part, layers that read the
 * same input are quantized together, and later ones see the outputs of quantized earlier ones
 * ("true sequential" in GPTQ's code). Activations stay in float while codes are chosen.
 *
 * <p>Memory beside the model: the residual stream of the calibration samples twice, the second
 * moments of one stage, and the float weights of one part. When a part is done its float weights
 * are let go; they can be made again from the codes.
 */
public final class ModelQuantizer {
  private final Ops ops;
  private final Listener listener;

  /** Is told about every layer that is done. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @param done number of layers that are done
     * @param total number of layers that will be quantized
     */
    void layerDone(LayerResult result, int done, int total);
  }

  /**
   * @param ops operators and threads; the caller closes them
   * @param listener is called on the thread that calls {@link #quantize}
   */
  public ModelQuantizer(Ops ops, Listener listener) {
    this.ops = ops;
    this.listener = listener;
  }

  /**
   * Replaces the weights of all planned layers by packed ones, in place.
   *
   * @param plans the plan of a layer; empty leaves it in float
   * @param calibration input batches of the model; may be empty if no plan needs them
   * @throws IllegalArgumentException before anything is changed if the kernels have no such bit
   *     width or group size, or a plan needs calibration data and there is none; later if a weight
   *     is not finite or no kernel takes the activations, when layers before it have been replaced
   */
  public List<LayerResult> quantize(
      Model model, Function<Linear, Optional<LayerPlan>> plans, List<Tensor> calibration) {
    Map<Linear, LayerPlan> planned = new LinkedHashMap<>();
    for (Linear linear : model.linears()) {
      plans.apply(linear).ifPresent(plan -> planned.put(linear, plan));
    }
    planned.forEach(ModelQuantizer::checkKernel);
    if (calibration.isEmpty()) {
      planned.forEach(ModelQuantizer::checkNeedsNoCalibration);
    }
    QuantizationRun run = new QuantizationRun(ops, model.sites(), planned, listener);
    List<Tensor> inputs = calibration;
    try (var inference = ops.noGrad()) {
      for (Segment segment : Segment.of(model)) {
        inputs = run.segment(segment, inputs);
      }
    }
    return run.results();
  }

  private static void checkKernel(Linear linear, LayerPlan plan) {
    try {
      plan.method().packedBytes(linear.out(), linear.in(), plan.weights());
    } catch (IllegalArgumentException e) {
      boolean grouped = plan.weights().granularity() instanceof Granularity.PerGroup;
      throw new IllegalArgumentException(
          "'%s': %s%s"
              .formatted(
                  linear.name(),
                  e.getMessage(),
                  grouped ? "; option per-channel=" + linear.name() + " does so for it alone" : ""),
          e);
    }
  }

  private static void checkNeedsNoCalibration(Linear linear, LayerPlan plan) {
    if (plan.needsCalibration()) {
      throw new IllegalArgumentException(
          "'%s' needs calibration data for %s%s; pass some, or choose a method that needs none"
              .formatted(
                  linear.name(),
                  plan.method().name(),
                  plan.method().needsHessian() ? "" : " with static activation scales"));
    }
  }
}
