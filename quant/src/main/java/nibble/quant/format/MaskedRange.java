package nibble.quant.format;

/**
 * Weights as a range is fitted to them that leaves some out: these take the mean of the others that
 * share their scale.
 */
public final class MaskedRange {
  private MaskedRange() {}

  /**
   * A copy of {@code w [out, in]} with the kept elements replaced; 0 where all elements of a group
   * are kept.
   *
   * @param kept {@code [out, in]}
   */
  public static float[] of(float[] w, boolean[] kept, int out, int in, Granularity granularity) {
    float[] replaced = w.clone();
    int group = granularity.groupSize(in);
    for (int row = 0; row < out; row++) {
      for (int from = 0; from < in; from += group) {
        replace(replaced, kept, row * in + from, row * in + Math.min(in, from + group));
      }
    }
    return replaced;
  }

  /** Replaces the kept elements of {@code from} to {@code to - 1} by the mean of the others. */
  public static void replace(float[] w, boolean[] kept, int from, int to) {
    double sum = 0;
    int count = 0;
    for (int i = from; i < to; i++) {
      if (!kept[i]) {
        sum += w[i];
        count++;
      }
    }
    float mean = count == 0 ? 0 : (float) (sum / count);
    for (int i = from; i < to; i++) {
      if (kept[i]) {
        w[i] = mean;
      }
    }
  }
}
