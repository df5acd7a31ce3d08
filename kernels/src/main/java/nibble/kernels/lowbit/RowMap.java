package nibble.kernels.lowbit;

import nibble.kernels.parallel.Scratch;

/**
 * What happens to a row of activations before it is quantized, such as a Hadamard transform. It is
 * applied row by row while the row is in the nearest cache, so the result of all rows is never
 * stored. Thread-safe.
 */
@FunctionalInterface
public interface RowMap {
  /**
   * Writes what becomes of {@code x[xAt .. xAt + n)} to {@code row[0 .. n)}, another array.
   *
   * @param scratch of the thread; float slots 0 to 7 belong to the caller
   * @throws IllegalArgumentException if this does not take rows of {@code n}
   */
  void apply(int n, float[] x, int xAt, float[] row, Scratch scratch);
}
