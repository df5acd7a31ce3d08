package nibble.nn.evaluation;

/**
 * A mean and how sure it is.
 *
 * @param count number of values
 * @param mean their mean
 * @param standardError of the mean, as if the values were independent: their standard deviation
 *     divided by the square root of their number
 */
public record Mean(long count, double mean, double standardError) {
  /** Adds values up, in the order in which they come. */
  static final class Builder {
    private long count;
    private double mean;
    private double squares; // sum of squared differences from the mean (Welford)

    void add(double value) {
      count++;
      double before = value - mean;
      mean += before / count;
      squares += before * (value - mean);
    }

    Mean build() {
      if (count == 0) {
        throw new IllegalArgumentException(
            "there is nothing to score; pass a text of at least two tokens");
      }
      return new Mean(count, mean, count < 2 ? 0 : Math.sqrt(squares / (count - 1) / count));
    }
  }
}
