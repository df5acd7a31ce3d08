package nibble.cli.training;

/**
 * Knobs of {@link Training}.
 *
 * @param images how many images are seen in all
 * @param batchSize images per update
 * @param rate learning rate at its peak
 * @param decay weight decay of matrices; biases, gains and embeddings have none
 * @param warmUp share of all updates during which the rate rises, 0 to below 1
 * @param labelSmoothing share of the target spread over all classes
 * @param clip largest Euclidean norm of the whole gradient
 * @param seed of starting weights and order of images
 */
public record TrainingOptions(
    long images,
    int batchSize,
    double rate,
    double decay,
    double warmUp,
    float labelSmoothing,
    double clip,
    long seed) {
  /** Checks the ranges. */
  public TrainingOptions {
    require(batchSize >= 1 && batchSize <= 65_536, "the batch size must be 1 to 65536", batchSize);
    require(
        images >= batchSize && images / batchSize < Integer.MAX_VALUE,
        "the number of images must fill at least one batch",
        images);
    require(rate > 0 && rate < 10, "the learning rate must be above 0 and below 10", rate);
    require(decay >= 0 && decay < 10, "the weight decay must be 0 to 10", decay);
    require(
        warmUp >= 0 && warmUp < 1, "the warm-up is a share of all updates, 0 to below 1", warmUp);
    require(
        labelSmoothing >= 0 && labelSmoothing < 1,
        "label smoothing must be 0 to below 1",
        labelSmoothing);
    require(clip > 0, "the largest gradient norm must be positive", clip);
  }

  /** Number of updates. */
  public int steps() {
    return (int) (images / batchSize);
  }

  /** Updates during which the rate rises. */
  public int warmUpSteps() {
    return (int) (steps() * warmUp);
  }

  private static void require(boolean condition, String rule, Number found) {
    if (!condition) {
      throw new IllegalArgumentException(rule + ", was " + found);
    }
  }
}
