package nibble.quant.observer;

import java.util.Arrays;

/**
 * Counts of values in {@value #BINS} bins of equal width around 0, with exact extremes and moments.
 *
 * <p>The width is a power of two, the smallest for which the bins hold every value seen: where a
 * value does not fit, neighbouring bins are joined. So the counts depend only on the values, not on
 * their order or on how they were split before {@link #merge}. A bin is narrower than {@code max|x|
 * / 2048}. Memory: 64 KiB. Not thread-safe.
 */
public final class Histogram {
  /** Number of bins. */
  public static final int BINS = 8192;

  private static final int HALF = BINS / 2;
  private static final int NO_VALUE = Integer.MIN_VALUE;

  private final long[] counts = new long[BINS];
  private final String name;
  private int exponent = NO_VALUE; // bin width is 2^exponent
  private long count;
  private float min = Float.POSITIVE_INFINITY;
  private float max = Float.NEGATIVE_INFINITY;
  private double sum;
  private double sumOfSquares;

  /**
   * @param name what is counted, for messages
   */
  public Histogram(String name) {
    this.name = name;
  }

  /**
   * Counts values.
   *
   * @throws IllegalArgumentException if one is NaN or infinite; the message starts with the name
   */
  public void add(float[] x, int offset, int length) {
    float largest = 0;
    for (int i = offset; i < offset + length; i++) {
      Observed.check(name, x[i]);
      min = Math.min(min, x[i]);
      max = Math.max(max, x[i]);
      largest = Math.max(largest, Math.abs(x[i]));
    }
    if (length == 0) {
      return;
    }
    widenTo(exponentFor(largest));
    double perWidth = Math.scalb(1.0, -exponent);
    for (int i = offset; i < offset + length; i++) {
      counts[HALF + (int) Math.floor(x[i] * perWidth)]++;
      sum += x[i];
      sumOfSquares += (double) x[i] * x[i];
    }
    count += length;
  }

  /**
   * Smallest e with {@code largest < HALF * 2^e}. Values below the smallest normal float share
   * bins.
   */
  private static int exponentFor(float largest) {
    return Math.getExponent(Math.max(largest, Float.MIN_NORMAL))
        + 1
        - Integer.numberOfTrailingZeros(HALF);
  }

  private void widenTo(int wanted) {
    if (exponent == NO_VALUE) {
      exponent = wanted;
    }
    while (exponent < wanted) {
      joinNeighbours();
      exponent++;
    }
  }

  /** Bin {@code [k, k + 1)} of the old width lies in bin {@code floor(k / 2)} of the new one. */
  private void joinNeighbours() {
    long[] joined = new long[BINS];
    for (int bin = 0; bin < BINS; bin++) {
      joined[HALF + Math.floorDiv(bin - HALF, 2)] += counts[bin];
    }
    System.arraycopy(joined, 0, counts, 0, BINS);
  }

  /** Adds what another histogram has counted, which stays as it is. */
  public void merge(Histogram other) {
    if (other.count == 0) {
      return;
    }
    Histogram wider = new Histogram(name);
    System.arraycopy(other.counts, 0, wider.counts, 0, BINS);
    wider.exponent = other.exponent;
    widenTo(other.exponent);
    wider.widenTo(exponent);
    for (int bin = 0; bin < BINS; bin++) {
      counts[bin] += wider.counts[bin];
    }
    count += other.count;
    min = Math.min(min, other.min);
    max = Math.max(max, other.max);
    sum += other.sum;
    sumOfSquares += other.sumOfSquares;
  }

  /** Number of values. */
  public long count() {
    return count;
  }

  /** Smallest value; positive infinity for none. */
  public float min() {
    return min;
  }

  /** Largest value; negative infinity for none. */
  public float max() {
    return max;
  }

  /** Mean; NaN for none. */
  public double mean() {
    return sum / count;
  }

  /** Root of the mean square; NaN for none. */
  public double rms() {
    return Math.sqrt(sumOfSquares / count);
  }

  /** Width of a bin; 0 for no values. */
  public double binWidth() {
    return exponent == NO_VALUE ? 0 : Math.scalb(1.0, exponent);
  }

  /** Lower edge of a bin. */
  public double lowerEdge(int bin) {
    return (bin - HALF) * binWidth();
  }

  /** A copy of the counts, {@code [BINS]}. */
  public long[] counts() {
    return counts.clone();
  }

  /**
   * Counts in {@code bins} equal cells from {@link #min} to {@link #max}, for plots. A bin on a
   * cell border counts where its centre lies.
   */
  public long[] between(int bins) {
    long[] cells = new long[bins];
    double width = Math.max((max - (double) min) / bins, Double.MIN_NORMAL);
    for (int bin = 0; bin < BINS; bin++) {
      if (counts[bin] > 0) {
        double centre = Math.clamp(lowerEdge(bin) + 0.5 * binWidth(), (double) min, (double) max);
        cells[Math.min(bins - 1, (int) ((centre - min) / width))] += counts[bin];
      }
    }
    return cells;
  }

  /**
   * The value below which a share {@code p} of the values lies, with order statistics at positions
   * {@code p (count - 1)}, as tensor libraries define it. At most one bin width off.
   *
   * @throws IllegalStateException if nothing was counted
   */
  public float quantile(double p) {
    if (!(p >= 0 && p <= 1)) {
      throw new IllegalArgumentException("quantile must be from 0 to 1, was " + p);
    }
    Observed.checkSeen(name, count > 0);
    double position = p * (count - 1);
    long below = 0;
    for (int bin = 0; bin < BINS; bin++) {
      if (counts[bin] > 0 && position < below + counts[bin]) {
        double inside = Math.min(1, (position - below + 0.5) / counts[bin]);
        return Math.clamp((float) (lowerEdge(bin) + inside * binWidth()), min, max);
      }
      below += counts[bin];
    }
    return max;
  }

  /**
   * Calls {@code visitor} for every bin that holds values, with its centre moved into {@code min ..
   * max}.
   */
  void forEachBin(BinVisitor visitor) {
    double width = binWidth();
    for (int bin = 0; bin < BINS; bin++) {
      if (counts[bin] > 0) {
        visitor.visit(
            (float) Math.clamp((bin - HALF + 0.5) * width, (double) min, (double) max),
            counts[bin]);
      }
    }
  }

  /** Takes a bin. */
  interface BinVisitor {
    void visit(float centre, long count);
  }

  @Override
  public String toString() {
    return "%s: %d values, %s .. %s".formatted(name, count, min, max);
  }

  /**
   * Whether both hold the same counts in the same bins; names and the rounding of moments do not
   * matter.
   */
  public boolean sameCounts(Histogram other) {
    return exponent == other.exponent
        && count == other.count
        && Arrays.equals(counts, other.counts);
  }
}
