package nibble.quant.quipsharp;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import nibble.quant.method.MethodOption;

/**
 * Knobs of {@link QuipSharp}.
 *
 * @param dampening share of the mean Hessian diagonal added to it
 * @param scale what the weights' root mean square is brought to before coding
 * @param signSeed of the random signs: the same for the inputs of all layers, another for outputs
 */
public record QuipSharpOptions(double dampening, double scale, long signSeed) {
  /** The authors' values. */
  public static final QuipSharpOptions DEFAULTS = new QuipSharpOptions(0.01, 1.03, 0);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.number("dampening", DEFAULTS.dampening, "share of the mean Hessian diagonal added to it (paper: 0.01)"),
          MethodOption.number("scale", DEFAULTS.scale, "root mean square that weights are brought to before coding (authors' code: 1.03)"),
          MethodOption.integer("sign-seed", DEFAULTS.signSeed, "seed of the random signs"));

  public QuipSharpOptions {
    if (!(dampening >= 0) || Double.isInfinite(dampening) || !(scale > 0) || Double.isInfinite(scale)) {
      throw new IllegalArgumentException("dampening must not be negative and scale positive, were %s and %s".formatted(dampening, scale));
    }
  }

  static QuipSharpOptions of(Map<String, Object> values) {
    return new QuipSharpOptions(
        (Double) requireNonNull(values.get("dampening")), (Double) requireNonNull(values.get("scale")), (Long) requireNonNull(values.get("sign-seed")));
  }
}
