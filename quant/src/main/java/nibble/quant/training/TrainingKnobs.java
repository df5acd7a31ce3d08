package nibble.quant.training;

/**
 * Knobs of {@link QuantizedTraining}.
 *
 * @param images how many are seen in all; rounded up to whole batches
 * @param batch images an update
 * @param rate learning rate of weights
 * @param scaleRate learning rate of scales
 * @param featureWeight lambda, weight of the feature loss
 * @param recompute whether inner results of a block are computed again on the way back instead of
 *     being kept: memory for time
 * @param labels whether labels, where there are some, make the loss; the teacher's logits do
 *     otherwise
 */
public record TrainingKnobs(
    long images,
    int batch,
    double rate,
    double scaleRate,
    double featureWeight,
    boolean recompute,
    boolean labels) {
  public TrainingKnobs {
    require(batch >= 1 && batch <= 65_536, "batch must be 1 to 65536", batch);
    require(
        images >= 0 && images / batch < Integer.MAX_VALUE - 1,
        "images must not be negative",
        images);
    require(rate >= 0 && rate < 1, "rate must be 0 to below 1", rate);
    require(scaleRate >= 0 && scaleRate < 1, "scale-rate must be 0 to below 1", scaleRate);
    require(
        featureWeight >= 0 && Double.isFinite(featureWeight),
        "lambda must not be negative",
        featureWeight);
  }

  private static void require(boolean condition, String rule, Number found) {
    if (!condition) {
      throw new IllegalArgumentException(rule + ", was " + found);
    }
  }

  /** Number of updates. */
  public int steps() {
    return (int) Math.ceilDiv(images, batch);
  }
}
