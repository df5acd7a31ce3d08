package nibble.quant.model;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Linear;
import nibble.nn.WeightMatrix;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.observer.Hessian;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Puts chosen codes into execution and keeps a record of every layer. Not thread-safe. */
public final class LayerExecution {
  private final List<LayerResult> results = new ArrayList<>();

  /** An empty record. */
  public LayerExecution() {}

  /**
   * The packed form of {@code codes}, and a record of it. {@link Linear#execute} puts it into
   * execution; until then the layer computes with the float values of the codes.
   *
   * @param activations how the kernel quantizes the input; null where it stays in float, or where
   *     functions in its site quantize it
   * @param hessian of the layer's inputs, for the error of its output; null without
   * @param seconds that choosing the codes took
   * @throws IllegalArgumentException when no kernel executes them; the message says what would be
   */
  public WeightMatrix prepare(
      Linear linear,
      QuantizedWeight codes,
      @Nullable ActivationQuantizer activations,
      @Nullable Hessian hessian,
      double seconds) {
    WeightMatrix matrix = PackedLayers.executable(linear.name(), codes, activations);
    Tensor weight = linear.weight().peek().toF32();
    WeightErrors errors = WeightErrors.of(weight, codes.dequantize(), hessian);
    linear.weight().replace(() -> Tensor.of(codes.dequantize(), codes.out(), codes.in()));
    linear.weightChanged();
    results.add(
        new LayerResult(
            linear.name(),
            matrix.format(),
            errors.weight(),
            errors.output(),
            OptionalDouble.empty(),
            4 * weight.size(),
            matrix.bytes(),
            seconds,
            codes));
    return matrix;
  }

  /** Prepares the codes and puts them into execution. */
  public LayerResult execute(
      Linear linear,
      QuantizedWeight codes,
      @Nullable ActivationQuantizer activations,
      double seconds) {
    linear.execute(prepare(linear, codes, activations, null, seconds));
    return results.getLast();
  }

  /** Adds to the record of a layer what quantized inputs do to its output. */
  public void recordInputError(Linear linear, double error) {
    results.replaceAll(
        result -> result.name().equals(linear.name()) ? result.withInputError(error) : result);
  }

  /** Records of all layers so far. */
  public List<LayerResult> results() {
    return List.copyOf(results);
  }
}
