package nibble.nn.train;

/**
 * Knobs of {@link AdamW}.
 *
 * @param beta1 decay of the mean of gradients (paper: 0.9)
 * @param beta2 decay of the mean of their squares (paper: 0.999; transformers often 0.95)
 * @param epsilon added to the root of the second (paper: 1e-8)
 */
public record AdamWOptions(double beta1, double beta2, double epsilon) {
  /** The values of the paper. */
  public static final AdamWOptions DEFAULTS = new AdamWOptions(0.9, 0.999, 1e-8);

  /** Checks the ranges. */
  public AdamWOptions {
    if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1) || !(epsilon > 0)) {
      throw new IllegalArgumentException(
          "AdamW needs betas in [0, 1) and a positive epsilon, got %s, %s, %s"
              .formatted(beta1, beta2, epsilon));
    }
  }

  /** These options with other betas. */
  public AdamWOptions withBetas(double first, double second) {
    return new AdamWOptions(first, second, epsilon);
  }
}
