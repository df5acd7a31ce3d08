package nibble.quant.observer;

/**
 * Sizes of the channels of a tensor {@code [..., channels]}.
 *
 * @param largest largest absolute value of each channel
 * @param mean mean absolute value of each channel
 */
public record ChannelMagnitudes(float[] largest, double[] mean) {
  /**
   * Collects them. Not thread-safe; the order of the tensors does not change the largest, and the
   * mean by rounding only.
   */
  public static final class Accumulator {
    private final String name;
    private final float[] largest;
    private final double[] sum;
    private long rows;

    /** For {@code channels} channels, measured at {@code name}. */
    public Accumulator(String name, int channels) {
      this.name = name;
      largest = new float[channels];
      sum = new double[channels];
    }

    /**
     * Adds {@code rows} rows of {@code x}.
     *
     * @throws IllegalArgumentException if a value is NaN or infinite; the message names the place
     *     and the channel
     */
    public void add(float[] x, int offset, int rows) {
      for (int row = 0; row < rows; row++) {
        int at = offset + row * largest.length;
        for (int j = 0; j < largest.length; j++) {
          float size = Math.abs(x[at + j]);
          if (!(size < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                "%s: channel %d is %s on calibration data, expected finite numbers"
                    .formatted(name, j, x[at + j]));
          }
          largest[j] = Math.max(largest[j], size);
          sum[j] += size;
        }
      }
      this.rows += rows;
    }

    /** What was collected. */
    public ChannelMagnitudes result() {
      if (rows == 0) {
        throw new IllegalStateException("nothing passed '" + name + "'");
      }
      double[] mean = new double[sum.length];
      for (int j = 0; j < mean.length; j++) {
        mean[j] = sum[j] / rows;
      }
      return new ChannelMagnitudes(largest.clone(), mean);
    }
  }
}
