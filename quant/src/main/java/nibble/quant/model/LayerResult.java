package nibble.quant.model;

import java.util.OptionalDouble;
import nibble.quant.format.QuantizedWeight;

/**
 * What became of one linear layer.
 *
 * @param name of the layer
 * @param format of the weight and activations as executed
 * @param weightError {@code ||W - W^|| / ||W||}
 * @param outputError {@code ||X (W - W^)^T|| / ||X W^T||} on the calibration inputs; empty without calibration
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
    long floatBytes,
    long packedBytes,
    double seconds,
    QuantizedWeight codes) {}
