package nibble.quant.ptq4vit;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link Ptq4Vit}.
 *
 * @param images that scales are fitted to (paper: 32)
 * @param rows of what passes a linear layer that candidates are judged on, of all images together;
 *     the paper takes all
 * @param maps attention maps (one head of one image) that candidates are judged on; the paper takes
 *     all
 * @param candidates scales tried, beside the first one (paper: 100)
 * @param rounds of weights and activations in turn (paper: 3)
 * @param low smallest candidate as a share of the first scale (paper: 0.01)
 * @param high largest candidate as a share of the first scale (paper: 1.2)
 * @param metric what an error of the output counts
 * @param twin whether probabilities and values after GELU get two grids (paper: yes)
 * @param biasCorrection whether the bias takes out the mean error that rounding of the weights
 *     leaves (paper: yes)
 */
public record Ptq4VitOptions(
    int images,
    int rows,
    int maps,
    int candidates,
    int rounds,
    double low,
    double high,
    Metric metric,
    boolean twin,
    boolean biasCorrection) {
  /** What an error of the output counts. */
  public enum Metric {
    /** Its square, weighted by the squared gradient of the loss. */
    HESSIAN,
    /** Its square. */
    MSE
  }

  /** The paper's, judged on part of the rows. */
  public static final Ptq4VitOptions DEFAULTS =
      new Ptq4VitOptions(32, 512, 16, 100, 3, 0.01, 1.2, Metric.HESSIAN, true, true);

  private static final int MOST = 1_000_000;

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images", DEFAULTS.images, "samples that scales are fitted to (paper: 32)"),
          MethodOption.integer(
              "rows",
              DEFAULTS.rows,
              "rows of a layer's input that candidates are judged on; the paper takes all"),
          MethodOption.integer(
              "maps",
              DEFAULTS.maps,
              "attention maps that candidates are judged on; the paper takes all"),
          MethodOption.integer("candidates", DEFAULTS.candidates, "scales tried (paper: 100)"),
          MethodOption.integer(
              "rounds", DEFAULTS.rounds, "rounds of weights and activations in turn (paper: 3)"),
          MethodOption.number(
              "low",
              DEFAULTS.low,
              "smallest candidate as a share of the first scale (paper: 0.01)"),
          MethodOption.number(
              "high",
              DEFAULTS.high,
              "largest candidate as a share of the first scale (paper: 1.2)"),
          MethodOption.choice(
              "metric",
              DEFAULTS.metric,
              "weight of output errors: squared gradients, or none (paper: hessian)"),
          MethodOption.bool(
              "twin",
              DEFAULTS.twin,
              "two grids for probabilities and values after GELU (paper: true)"),
          MethodOption.bool(
              "bias-correction",
              DEFAULTS.biasCorrection,
              "take the mean error of rounded weights out of the bias (paper: true)"));

  public Ptq4VitOptions {
    positive("images", images);
    positive("rows", rows);
    positive("maps", maps);
    positive("candidates", candidates);
    positive("rounds", rounds);
    if (!(low > 0 && low < high && high <= 2)) {
      throw new IllegalArgumentException(
          "candidates need 0 < low < high <= 2, were %s and %s".formatted(low, high));
    }
  }

  private static void positive(String name, int value) {
    if (value < 1 || value > MOST) {
      throw new IllegalArgumentException("%s must be 1 to %d, was %d".formatted(name, MOST, value));
    }
  }

  static Ptq4VitOptions of(OptionValues values) {
    return new Ptq4VitOptions(
        values.integer("images"),
        values.integer("rows"),
        values.integer("maps"),
        values.integer("candidates"),
        values.integer("rounds"),
        values.number("low"),
        values.number("high"),
        values.choice("metric", Metric.class),
        values.flag("twin"),
        values.flag("bias-correction"));
  }
}
