package nibble.nn.packed;

import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.WeightMatrix;

/**
 * The research view of a packed model: float products of dequantized weights with fake-quantized
 * activations. Takes the same codes as the packed execution; results differ by float rounding only.
 */
public final class Simulation {
  private Simulation() {}

  /**
   * Turns packed execution into simulation, in place. Layers in float stay as they are.
   *
   * @throws IllegalArgumentException if layers that share an input quantize it in different ways,
   *     or only some of them do; the model is as it was then
   */
  public static void install(Model model) {
    Map<Site, Optional<ActivationQuantizer>> quantizers = quantizers(model);
    for (Linear linear : model.linears()) {
      if (linear.isReplaced() && linear.matrix() instanceof PackedWeight packed) {
        linear.weight().replace(packed::dequantized);
        linear.weightChanged();
      }
    }
    quantizers.forEach(
        (site, quantizer) -> quantizer.ifPresent(q -> site.append(new SimulatedActivation(q))));
  }

  private static Map<Site, Optional<ActivationQuantizer>> quantizers(Model model) {
    IdentityHashMap<Site, Optional<ActivationQuantizer>> quantizers = new IdentityHashMap<>();
    for (Linear linear : model.linears()) {
      if (linear.isReplaced() && besideIntegerActivations(linear.matrix())) {
        throw new IllegalArgumentException(
            "'"
                + linear.name()
                + "' quantizes a part of its input, which is no function of its site; there is no"
                + " simulation of it");
      }
      Optional<ActivationQuantizer> quantizer =
          linear.isReplaced() && linear.matrix() instanceof PackedIntWeight packed
              ? Optional.ofNullable(packed.activations())
              : Optional.empty();
      Optional<ActivationQuantizer> other = quantizers.putIfAbsent(linear.input(), quantizer);
      if (other != null && !other.equals(quantizer)) {
        throw new IllegalArgumentException(
            "layers that read '"
                + linear.input()
                + "' quantize it in different ways; a simulation has one way for each input");
      }
    }
    return quantizers;
  }

  private static boolean besideIntegerActivations(WeightMatrix matrix) {
    return switch (matrix) {
      case FloatColumnsWeight mixed -> mixed.weight().activations() != null;
      case SparseSideWeight mixed -> mixed.weight().activations() != null;
      default -> false;
    };
  }
}
