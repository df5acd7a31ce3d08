package nibble.quant.model;

import java.util.OptionalDouble;
import nibble.nn.packed.PackedWeight;

/**
 * What became of one linear layer, or of a look-up table.
 *
 * @param name of the layer
 * @param format of the weight and activations as executed
 * @param weightError {@code ||W - W^|| / ||W||}
 * @param outputError {@code ||X (W - W^)^T|| / ||X W^T||} on the calibration inputs; empty without
 *     calibration
 * @param inputError {@code ||(X^ - X) W^^T|| / ||X W^^T||} on some calibration inputs: what
 *     quantized inputs add; empty where it was not measured
 * @param floatBytes bytes of the weight in F32
 * @param packedBytes bytes of the weight as executed
 * @param seconds wall time of choosing the codes
 * @param matrix what runs: the codes, packed
 */
public record LayerResult(
    String name,
    String format,
    double weightError,
    OptionalDouble outputError,
    OptionalDouble inputError,
    long floatBytes,
    long packedBytes,
    double seconds,
    PackedWeight matrix) {
  /** The same with what quantized inputs add. */
  public LayerResult withInputError(double error) {
    return new LayerResult(
        name,
        format,
        weightError,
        outputError,
        OptionalDouble.of(error),
        floatBytes,
        packedBytes,
        seconds,
        matrix);
  }

  /**
   * Error of the output by weights and inputs together, as if the two were independent; where the
   * output's was not measured, the weight's stands for it.
   */
  public double error() {
    return Math.hypot(outputError.orElse(weightError), inputError.orElse(0));
  }
}
