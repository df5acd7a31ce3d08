package nibble.quant.observer;

import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;

/** The whole range of what was seen, times a fixed ratio. */
public final class MinMaxObserver implements ActivationObserver {
  private final String name;
  private final float clipRatio;
  private float min = Float.POSITIVE_INFINITY;
  private float max = Float.NEGATIVE_INFINITY;

  /**
   * @param name what is observed, for messages
   * @param clipRatio share of the range the grid covers, above 0 and at most 1
   */
  public MinMaxObserver(String name, float clipRatio) {
    if (!(clipRatio > 0 && clipRatio <= 1)) {
      throw new IllegalArgumentException(
          "clip ratio must be above 0 and at most 1, was " + clipRatio);
    }
    this.name = name;
    this.clipRatio = clipRatio;
  }

  @Override
  public void observe(float[] x, int offset, int count) {
    for (int i = offset; i < offset + count; i++) {
      Observed.check(name, x[i]);
      min = Math.min(min, x[i]);
      max = Math.max(max, x[i]);
    }
  }

  /** Adds what another observer has seen. */
  public void merge(MinMaxObserver other) {
    min = Math.min(min, other.min);
    max = Math.max(max, other.max);
  }

  /** Smallest value seen; positive infinity for none. */
  public float min() {
    return min;
  }

  /** Largest value seen; negative infinity for none. */
  public float max() {
    return max;
  }

  @Override
  public Grid grid(IntFormat format) {
    Observed.checkSeen(name, min <= max);
    return Grid.covering(format, clipRatio * min, clipRatio * max);
  }
}
