package nibble.quant.quipsharp;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link QuipSharp}.
 *
 * @param dampening share of the mean Hessian diagonal added to it
 * @param scale what the weights' root mean square is brought to before coding
 * @param scaleSteps scales tried, each a tenth of the first lower than the one before; the one with
 *     the least error of the layer's output stays
 * @param signSeed of the random signs: the same for the inputs of all layers, another for outputs
 */
public record QuipSharpOptions(double dampening, double scale, int scaleSteps, long signSeed) {
  /** The authors' values. */
  public static final QuipSharpOptions DEFAULTS = new QuipSharpOptions(0.01, 1.03, 6, 0);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.number(
              "dampening",
              DEFAULTS.dampening,
              "share of the mean Hessian diagonal added to it (paper: 0.01)"),
          MethodOption.number(
              "scale",
              DEFAULTS.scale,
              "root mean square that weights are brought to before coding (authors' code: 1.03)"),
          MethodOption.integer(
              "scale-steps",
              DEFAULTS.scaleSteps,
              "lower scales tried too, 1 to 9 in all, for weights with larger elements than"
                  + " Gaussian ones (authors' code: 1)"),
          MethodOption.integer("sign-seed", DEFAULTS.signSeed, "seed of the random signs"));

  public QuipSharpOptions {
    if (!(dampening >= 0)
        || Double.isInfinite(dampening)
        || !(scale > 0)
        || Double.isInfinite(scale)) {
      throw new IllegalArgumentException(
          "dampening must not be negative and scale positive, were %s and %s"
              .formatted(dampening, scale));
    }
    if (scaleSteps < 1 || scaleSteps > 9) {
      throw new IllegalArgumentException("scale-steps must be 1 to 9, was " + scaleSteps);
    }
  }

  static QuipSharpOptions of(OptionValues values) {
    return new QuipSharpOptions(
        values.number("dampening"),
        values.number("scale"),
        values.integer("scale-steps"),
        values.wideInteger("sign-seed"));
  }
}
