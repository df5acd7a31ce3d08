package nibble.nn.train;

import java.util.List;
import nibble.tensor.Tensor;

/**
 * Parameters that share a learning rate and a weight decay.
 *
 * @param name for messages and logs
 * @param rate learning rate before the schedule's factor
 * @param decay weight decay; 0 for none (biases, norm gains, scales)
 * @param parameters leaves of differentiation; changed in place by the optimizer
 */
public record ParameterGroup(String name, double rate, double decay, List<Tensor> parameters) {
  /** Checks the ranges, and that every parameter is a leaf. */
  public ParameterGroup {
    if (!(rate >= 0) || !(decay >= 0)) {
      throw new IllegalArgumentException(
          "group '%s': rate and decay must not be negative, were %s and %s"
              .formatted(name, rate, decay));
    }
    parameters = List.copyOf(parameters);
    for (Tensor parameter : parameters) {
      if (!parameter.requiresGrad()) {
        throw new IllegalArgumentException(
            "group '%s': parameter %s does not require a gradient; call requireGrad()"
                .formatted(name, parameter));
      }
    }
  }

  /** A group of the given parameters. */
  public static ParameterGroup of(String name, double rate, double decay, Tensor... parameters) {
    return new ParameterGroup(name, rate, decay, List.of(parameters));
  }
}
