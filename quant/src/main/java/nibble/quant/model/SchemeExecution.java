package nibble.quant.model;

import java.util.List;
import java.util.Optional;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Linear;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.WeightScheme;

/**
 * Puts layers into execution as the scheme of a task says: codes that a method chose, and inputs
 * quantized token by token. A layer whose weight stays in float keeps a float input. Not
 * thread-safe.
 */
public final class SchemeExecution {
  private final ModelTask task;
  private final LayerExecution execution = new LayerExecution();

  /** With no layer executed yet. */
  public SchemeExecution(ModelTask task) {
    this.task = task;
  }

  /** How the input of a layer is quantized; empty where it stays in float. */
  public Optional<ActivationQuantizer> input(Linear linear) {
    return task.weights(linear).isEmpty()
        ? Optional.empty()
        : task.activations(linear.input())
            .map(a -> ActivationQuantizers.of(linear.name(), a, null));
  }

  /**
   * The grids that the scheme gives to a layer's weight as it is now; empty where it stays in
   * float.
   */
  public Optional<QuantParams> grids(Linear linear) {
    return task.weights(linear).map(scheme -> grids(linear, scheme));
  }

  private QuantParams grids(Linear linear, WeightScheme scheme) {
    return QuantParams.fit(
        linear.name(),
        linear.weight().peek().toFloats(),
        0,
        linear.out(),
        linear.in(),
        scheme.format(),
        scheme.granularity(),
        scheme.clip(),
        task.ops().splitter());
  }

  /** Executes chosen codes. */
  public void execute(Linear linear, QuantizedWeight codes) {
    LayerResult _ = execution.execute(linear, codes, input(linear).orElse(null), 0);
  }

  /**
   * Executes the nearest codes on the grids of the scheme; nothing where the layer stays in float.
   */
  public void executeNearest(Linear linear) {
    grids(linear)
        .ifPresent(
            params ->
                execute(
                    linear,
                    new QuantizedTensor(
                        params.quantize(linear.name(), linear.weight().peek().toFloats(), 0),
                        params)));
  }

  /** Records of all layers so far. */
  public List<LayerResult> results() {
    return execution.results();
  }
}
