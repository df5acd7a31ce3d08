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

  /** Whether {@code row} may also be {@code x}, from the same element on. */
  default boolean worksInPlace() {
    return false;
  }

  /**
   * This map, then {@code next} on what it made.
   *
   * @throws IllegalArgumentException if {@code next} does not work in place
   */
  default RowMap then(RowMap next) {
    if (!next.worksInPlace()) {
      throw new IllegalArgumentException("a map behind another one must work in place");
    }
    RowMap first = this;
    return new RowMap() {
      @Override
      public void apply(int n, float[] x, int xAt, float[] row, Scratch scratch) {
        first.apply(n, x, xAt, row, scratch);
        next.apply(n, row, 0, row, scratch);
      }

      @Override
      public boolean worksInPlace() {
        return first.worksInPlace();
      }
    };
  }
}
