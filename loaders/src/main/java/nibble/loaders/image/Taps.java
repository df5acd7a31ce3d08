package nibble.loaders.image;

/**
 * For each position of the output along one axis: which source positions it is made of, and their
 * weights in fixed point.
 *
 * <p>Source: Pillow, {@code src/libImaging/Resample.c}, precompute_coeffs and
 * normalize_coeffs_8bpc.
 */
final class Taps {
  /** Fraction bits of a weight: 32 less 8 for the pixel and 2 for the sum's head room. */
  static final int BITS = 32 - 8 - 2;

  final int count;
  private final int[] first;
  private final int[] lengths;
  private final int[] weights;
  private final int stride;

  private Taps(int count, int stride) {
    this.count = count;
    this.stride = stride;
    first = new int[count];
    lengths = new int[count];
    weights = new int[Math.multiplyExact(count, stride)];
  }

  static Taps of(int source, int target, Resampling filter) {
    double scale = (double) source / target;
    double stretch = Math.max(scale, 1);
    double support = filter.support * stretch;
    Taps taps = new Taps(target, (int) Math.ceil(support) * 2 + 1);
    double[] row = new double[taps.stride];
    for (int i = 0; i < target; i++) {
      double centre = (i + 0.5) * scale;
      int from = Math.max((int) (centre - support + 0.5), 0);
      int to = Math.min((int) (centre + support + 0.5), source);
      double sum = 0;
      for (int x = 0; x < to - from; x++) {
        row[x] = filter.weight((x + from - centre + 0.5) * (1 / stretch));
        sum += row[x];
      }
      taps.set(i, from, to - from, row, sum);
    }
    return taps;
  }

  private void set(int i, int from, int length, double[] row, double sum) {
    first[i] = from;
    lengths[i] = length;
    for (int x = 0; x < length; x++) {
      double weight = (sum != 0 ? row[x] / sum : row[x]) * (1 << BITS);
      weights[i * stride + x] = (int) (weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }

  int first(int i) {
    return first[i];
  }

  int length(int i) {
    return lengths[i];
  }

  int weightsAt(int i) {
    return i * stride;
  }

  int[] weights() {
    return weights;
  }
}
