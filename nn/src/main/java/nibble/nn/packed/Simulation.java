package nibble.nn.packed;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Model;

/**
 * The research view of a packed model: products of floats in place of kernels on packed codes. A
 * layer that quantizes its input multiplies codes as float numbers, so exactly, and has the results
 * of the packed execution to the bit; one with float inputs multiplies by its dequantized weight,
 * with the roundings of another order of additions.
 */
public final class Simulation {
  private Simulation() {}

  /**
   * Turns packed execution into simulation, in place. Layers in float stay as they are.
   *
   * @throws IllegalArgumentException if a layer quantizes a part of its input only; the model is as
   *     it was then
   */
  public static void install(Model model) {
    List<Linear> layers = model.linears().stream().filter(Linear::isReplaced).toList();
    layers.forEach(Simulation::check);
    for (Linear linear : layers) {
      if (linear.matrix() instanceof PackedIntWeight packed && packed.activations() != null) {
        linear.execute(new SimulatedIntWeight(packed));
      } else if (linear.matrix() instanceof PackedWeight packed) {
        linear.weight().replace(packed::dequantized);
        linear.weightChanged();
      }
    }
  }

  private static void check(Linear linear) {
    boolean isPartial =
        switch (linear.matrix()) {
          case FloatColumnsWeight mixed -> mixed.weight().activations() != null;
          case SparseSideWeight mixed -> mixed.weight().activations() != null;
          default -> false;
        };
    if (isPartial) {
      throw new IllegalArgumentException(
          "'%s' quantizes a part of its input and takes the other in float; there is no simulation of it"
              .formatted(linear.name()));
    }
  }
}
