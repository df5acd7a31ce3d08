package nibble.quant.roste;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.tuning.TuningLoss;
import nibble.quant.tuning.WeightTraining;

/**
 * Knobs of {@link RoSte}.
 *
 * @param training length, rate and loss
 * @param rotate where the basis is turned
 * @param rows of each layer's input that a choice looks at
 */
public record RoSteOptions(WeightTraining.Knobs training, Where rotate, int rows) {
  /** For a processor: a short training at a rate that a small model takes. */
  public static final RoSteOptions DEFAULTS =
      new RoSteOptions(new WeightTraining.Knobs(100, 4, 5e-4, TuningLoss.KL), Where.ADAPTIVE, 128);

  /** Where the basis is turned. */
  public enum Where {
    /** Where it lowers the error of rounding. */
    ADAPTIVE,
    /** At every place. */
    EVERYWHERE,
    /** Nowhere. */
    NOWHERE
  }

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "steps",
              DEFAULTS.training.steps(),
              "updates of all weights (paper: one pass over the data)"),
          MethodOption.integer("batch", DEFAULTS.training.batch(), "samples an update"),
          MethodOption.number(
              "rate",
              DEFAULTS.training.rate(),
              "of AdamW, rising, then falling along a cosine (paper: 3e-6 to 5e-5 for billions of"
                  + " weights)"),
          MethodOption.choice(
              "loss",
              "kl",
              List.of("ce", "kl"),
              "kl: divergence from the float model, ce: cross entropy (paper, on answers only)"),
          MethodOption.choice(
              "rotate", DEFAULTS.rotate, "adaptive: where it lowers the error of rounding (paper)"),
          MethodOption.integer(
              "rows",
              DEFAULTS.rows,
              "of each layer's input that a choice looks at (paper: 128 samples)"));

  public RoSteOptions {
    if (rows < 1) {
      throw new IllegalArgumentException("rows must be at least 1, was " + rows);
    }
  }

  static RoSteOptions of(OptionValues values) {
    WeightTraining.Knobs training =
        new WeightTraining.Knobs(
            values.integer("steps"),
            values.integer("batch"),
            values.number("rate"),
            values.choice("loss", TuningLoss.class));
    return new RoSteOptions(training, values.choice("rotate", Where.class), values.integer("rows"));
  }
}
