package nibble.nn.site;

import nibble.kernels.lowbit.RowMap;
import nibble.kernels.parallel.Scratch;
import nibble.tensor.Tensor;

/**
 * Every element of a row with the number of its channel.
 *
 * @param channels {@code [channels]}, a working tensor
 */
record ChannelMap(Tensor channels, Together operation) implements RowMap {
  /** {@code out[i]} from {@code a[i]} and {@code b[i]}; out may be a. */
  @FunctionalInterface
  interface Together {
    void run(int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset);
  }

  @Override
  public void apply(int n, float[] x, int xAt, float[] row, Scratch scratch) {
    if (n != channels.size()) {
      throw new IllegalArgumentException(
          "a row has %d elements, expected one for each of %d channels"
              .formatted(n, channels.size()));
    }
    operation.run(n, x, xAt, channels.array(), channels.offset(), row, 0);
  }

  @Override
  public boolean worksInPlace() {
    return true;
  }
}
