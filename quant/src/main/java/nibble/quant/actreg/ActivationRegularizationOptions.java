package nibble.quant.actreg;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.tuning.TuningLoss;
import nibble.quant.tuning.WeightTraining;

/**
 * Knobs of {@link ActivationRegularization}.
 *
 * @param training length, rate of weights and loss
 * @param boundRate learning rate of the bounds
 * @param lambda weight of the kurtosis of each layer's output
 */
public record ActivationRegularizationOptions(
    WeightTraining.Knobs training, double boundRate, double lambda) {
  /** For a processor: a short training at a rate that a small model takes. */
  public static final ActivationRegularizationOptions DEFAULTS =
      new ActivationRegularizationOptions(
          new WeightTraining.Knobs(100, 4, 5e-4, TuningLoss.KL), 0.01, 0);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "steps", DEFAULTS.training.steps(), "updates (paper: a whole pre-training)"),
          MethodOption.integer("batch", DEFAULTS.training.batch(), "samples an update"),
          MethodOption.number(
              "rate",
              DEFAULTS.training.rate(),
              "of AdamW on weights, rising, then falling along a cosine"),
          MethodOption.number(
              "bound-rate", DEFAULTS.boundRate, "of AdamW on the bounds of activations"),
          MethodOption.number(
              "lambda",
              DEFAULTS.lambda,
              "weight of the kurtosis of each layer's output (paper: 1e-6 to 1e-4, from memory); 0"
                  + " for none"),
          MethodOption.choice(
              "loss",
              "kl",
              List.of("ce", "kl"),
              "kl: divergence from the float model, ce: cross entropy (paper)"));

  public ActivationRegularizationOptions {
    if (!(boundRate >= 0)
        || !(lambda >= 0)
        || Double.isInfinite(boundRate)
        || Double.isInfinite(lambda)) {
      throw new IllegalArgumentException(
          "bound-rate and lambda must be finite and not negative, were %s and %s"
              .formatted(boundRate, lambda));
    }
  }

  static ActivationRegularizationOptions of(OptionValues values) {
    WeightTraining.Knobs training =
        new WeightTraining.Knobs(
            values.integer("steps"),
            values.integer("batch"),
            values.number("rate"),
            values.choice("loss", TuningLoss.class));
    return new ActivationRegularizationOptions(
        training, values.number("bound-rate"), values.number("lambda"));
  }
}
