package nibble.quant.pipeline;

import java.util.Optional;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.WeightScheme;

/**
 * What a recipe will do to one linear layer, for a dry run.
 *
 * @param method that chooses the codes of its weight
 * @param weights format and granularity of the weight
 * @param activations how the layer's input is quantized; empty for float
 * @param packedBytes of codes, scales and zero points as executed
 * @param needsCalibration whether something must be measured on calibration data
 */
public record PlannedLayer(
    String method,
    WeightScheme weights,
    Optional<ActivationScheme> activations,
    long packedBytes,
    boolean needsCalibration) {}
