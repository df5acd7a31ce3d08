package nibble.cli.evaluation;

import org.jspecify.annotations.Nullable;

/**
 * The outcome of an evaluation.
 *
 * @param count images
 * @param top1 share whose label is the first choice
 * @param top5 share whose label is among the first five choices
 * @param comparison beside a reference model; null without one
 * @param seconds spent in the evaluated model's forward passes
 */
public record Score(
    long count, double top1, double top5, @Nullable Comparison comparison, double seconds) {

  /**
   * How near the outputs are to those of the reference.
   *
   * @param agreement share of images with the same first choice
   * @param logitMse mean squared difference of logits
   * @param kl mean Kullback-Leibler divergence KL(reference || model) of the class probabilities,
   *     in nats
   */
  public record Comparison(double agreement, double logitMse, double kl) {}

  /** Forward passes of this model alone, images per second. */
  public double imagesPerSecond() {
    return count / seconds;
  }
}
