package nibble.quant.model;

import java.util.OptionalDouble;
import nibble.quant.format.QuantizedWeight;
import nibble.tensor.Tensor;

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
 * @param codes the codes themselves
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
    QuantizedWeight codes) {
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
        codes);
  }

  /**
   * Error of the output by weights and inputs together, as if the two were independent; where the
   * output's was not measured, the weight's stands for it.
   */
  public double error() {
    return Math.hypot(outputError.orElse(weightError), inputError.orElse(0));
  }

  /** What became of a look-up table. */
  public static LayerResult ofTable(
      String name,
      String format,
      Tensor weight,
      long packedBytes,
      double seconds,
      QuantizedWeight codes) {
    WeightErrors errors = WeightErrors.of(weight, codes.dequantize(), null);
    return new LayerResult(
        name,
        format,
        errors.weight(),
        OptionalDouble.empty(),
        OptionalDouble.empty(),
        4 * weight.size(),
        packedBytes,
        seconds,
        codes);
  }
}
