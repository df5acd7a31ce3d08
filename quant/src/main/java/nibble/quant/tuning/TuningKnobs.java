package nibble.quant.tuning;

/**
 * How long and how fast transforms are learned.
 *
 * @param steps updates
 * @param batch samples an update
 * @param rotationRate of rotations, before the cosine
 * @param scaleRate of the logarithms of scales, before the cosine
 * @param loss what is minimised
 * @param top logits that {@link TuningLoss#KL_TOP} compares
 */
public record TuningKnobs(
    int steps, int batch, double rotationRate, double scaleRate, TuningLoss loss, int top) {
  public TuningKnobs {
    require(steps >= 0, "steps must not be negative", steps);
    require(batch >= 1 && batch <= 65_536, "batch must be 1 to 65536", batch);
    require(
        rotationRate >= 0 && Double.isFinite(rotationRate),
        "rate must be finite and not negative",
        rotationRate);
    require(
        scaleRate >= 0 && Double.isFinite(scaleRate),
        "scale-rate must be finite and not negative",
        scaleRate);
    require(top >= 1, "top must be at least 1", top);
  }

  private static void require(boolean condition, String rule, Number found) {
    if (!condition) {
      throw new IllegalArgumentException(rule + ", was " + found);
    }
  }
}
