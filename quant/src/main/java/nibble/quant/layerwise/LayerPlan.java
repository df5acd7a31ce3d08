package nibble.quant.layerwise;

import java.util.Optional;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.method.WeightMethod;
import nibble.quant.recipe.ObserverKind;

/**
 * What happens to one linear layer.
 *
 * @param method how codes of the weight are chosen
 * @param weights format and granularity of the weight
 * @param activations how the layer's input is quantized; empty for float
 * @param observer how static activation scales are found
 */
public record LayerPlan(
    WeightMethod method,
    WeightScheme weights,
    Optional<ActivationScheme> activations,
    ObserverKind observer) {
  /** Codes for the weight, float for the input. */
  public static LayerPlan floatInputs(WeightMethod method, WeightScheme weights) {
    return new LayerPlan(method, weights, Optional.empty(), ObserverKind.MIN_MAX);
  }

  /** Whether something must be measured on calibration data. */
  public boolean needsCalibration() {
    return method.needsHessian()
        || activations.map(a -> a.timing() == ActivationScheme.Timing.STATIC).orElse(false);
  }
}
