package nibble.quant.model;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
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
   * @param weight the layer's weight
   * @param activations how the kernel quantizes the input; null where it stays in float, or where
   *     functions in its site quantize it
   * @param hessian of the layer's inputs, for the error of its output; null without
   * @param seconds that choosing the codes took
   * @throws IllegalArgumentException when no kernel executes them; the message says what would be
   */
  public PackedWeight prepare(
      Linear linear,
      Tensor weight,
      QuantizedWeight codes,
      @Nullable ActivationQuantizer activations,
      @Nullable Hessian hessian,
      double seconds,
      WorkSplitter splitter) {
    PackedWeight matrix = PackedLayers.executable(linear.name(), codes, activations);
    WeightErrors errors = WeightErrors.of(weight, codes, hessian, splitter);
    linear.weight().replace(matrix::dequantized);
    linear.weightChanged();
    results.add(result(linear.name(), weight, matrix, errors, seconds));
    return matrix;
  }

  /** Prepares the codes and puts them into execution. */
  public LayerResult execute(
      Linear linear,
      QuantizedWeight codes,
      @Nullable ActivationQuantizer activations,
      double seconds) {
    try (WorkSplitter serial = WorkSplitter.serial()) {
      Tensor weight = linear.weight().peek();
      linear.execute(prepare(linear, weight, codes, activations, null, seconds, serial));
    }
    return results.getLast();
  }

  /** The record of a look-up table with these codes. */
  public static LayerResult ofTable(
      String name,
      Tensor weight,
      QuantizedWeight codes,
      PackedIntWeight matrix,
      double seconds,
      WorkSplitter splitter) {
    return result(name, weight, matrix, WeightErrors.of(weight, codes, null, splitter), seconds);
  }

  private static LayerResult result(
      String name, Tensor weight, PackedWeight matrix, WeightErrors errors, double seconds) {
    return new LayerResult(
        name,
        matrix.format(),
        errors.weight(),
        errors.output(),
        OptionalDouble.empty(),
        4 * weight.size(),
        matrix.bytes(),
        seconds,
        matrix);
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
