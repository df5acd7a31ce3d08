package nibble.quant.format;

import java.util.Optional;

/**
 * Formats of weights and activations, written {@code W4A8}, {@code W4A16 g128}, {@code W4A4
 * w:clip=mse a:clip=0.9}.
 *
 * <p>16 bits mean float. Weights are symmetric per channel and activations asymmetric per token and
 * dynamic unless words after the first say otherwise:
 *
 * <table>
 * <caption>Words of a scheme</caption>
 * <tr><td>{@code g128}</td><td>weights in groups of 128 inputs</td></tr>
 * <tr><td>{@code w:tensor w:channel}</td><td>one scale for a weight, or for each output channel</td></tr>
 * <tr><td>{@code w:sym w:offset w:asym}</td><td>zero point of weights, see {@link Symmetry}</td></tr>
 * <tr><td>{@code w:clip=mse w:clip=0.9}</td><td>clip search, or a fixed ratio</td></tr>
 * <tr><td>{@code a:tensor a:token a:g64}</td><td>granularity of activations</td></tr>
 * <tr><td>{@code a:sym a:offset a:asym}</td><td>zero point of activations</td></tr>
 * <tr><td>{@code a:static a:dynamic}</td><td>scales from calibration (per tensor), or found for each call</td></tr>
 * <tr><td>{@code a:clip=0.9}</td><td>share of an activation's range that is kept</td></tr>
 * </table>
 *
 * @param weights empty for float weights
 * @param activations empty for float activations
 */
public record Scheme(Optional<WeightScheme> weights, Optional<ActivationScheme> activations) {

  /** A scheme of quantized weights and float activations. */
  public static Scheme of(WeightScheme weights) {
    return new Scheme(Optional.of(weights), Optional.empty());
  }

  /** A scheme of quantized weights and activations. */
  public static Scheme of(WeightScheme weights, ActivationScheme activations) {
    return new Scheme(Optional.of(weights), Optional.of(activations));
  }

  /**
   * The scheme that {@code text} writes. Case and the separator (spaces or commas) do not matter.
   *
   * @throws IllegalArgumentException if it is none; the message names the part that does not fit
   *     and the accepted form
   */
  public static Scheme parse(String text) {
    return SchemeText.parse(text);
  }

  /** The shortest text that {@link #parse} reads as this scheme. */
  @Override
  public String toString() {
    return SchemeText.print(this);
  }
}
