package nibble.kernels.lowbit;

import nibble.kernels.parallel.WorkSplitter;

/**
 * A sparse matrix {@code [out, in]} by rows: the elements of row {@code r} have the indices {@code
 * starts[r]} to {@code starts[r + 1] - 1}, their columns ascend. Immutable by contract: the arrays
 * are shared and not to be written.
 *
 * @param starts {@code [out + 1]}
 * @param columns of the elements
 * @param values of the elements
 */
public record SparseRows(int in, int[] starts, int[] columns, float[] values) {
  /**
   * Checks everything, so that products need not.
   *
   * @throws IllegalArgumentException if rows do not follow one another, or a column is none or not
   *     above the one before it
   */
  public SparseRows {
    if (in < 0
        || starts.length < 1
        || starts[0] != 0
        || starts[starts.length - 1] != columns.length
        || columns.length != values.length) {
      throw new IllegalArgumentException(
          "sparse rows begin at 0 and end with the last of as many columns as values; found %d columns and %d values"
              .formatted(columns.length, values.length));
    }
    for (int row = 0; row + 1 < starts.length; row++) {
      if (starts[row + 1] < starts[row] || starts[row + 1] > columns.length) {
        throw new IllegalArgumentException(
            "sparse row %d begins at element %d and ends at %d"
                .formatted(row, starts[row], starts[row + 1]));
      }
      for (int i = starts[row]; i < starts[row + 1]; i++) {
        if (columns[i] < 0
            || columns[i] >= in
            || (i > starts[row] && columns[i] <= columns[i - 1])) {
          throw new IllegalArgumentException(
              "element %d of sparse row %d has column %d, expected ascending ones below %d"
                  .formatted(i, row, columns[i], in));
        }
      }
    }
  }

  /** The elements of {@code w [out, in]} where {@code kept} is true. */
  public static SparseRows of(float[] w, boolean[] kept, int out, int in) {
    int count = 0;
    for (boolean element : kept) {
      count += element ? 1 : 0;
    }
    int[] starts = new int[out + 1];
    int[] columns = new int[count];
    float[] values = new float[count];
    int next = 0;
    for (int row = 0; row < out; row++) {
      for (int column = 0; column < in; column++) {
        if (kept[row * in + column]) {
          columns[next] = column;
          values[next++] = w[row * in + column];
        }
      }
      starts[row + 1] = next;
    }
    return new SparseRows(in, starts, columns, values);
  }

  /** Number of rows. */
  public int out() {
    return starts.length - 1;
  }

  /** Number of elements. */
  public int count() {
    return columns.length;
  }

  /**
   * Adds {@code x S^T}: {@code y[n, r] += sum over elements of row r of value * x[n, column]}, in
   * double, in the order of the columns.
   *
   * @param x {@code [rows, in]} from {@code xAt} on
   * @param y {@code [rows, out]} from {@code yAt} on
   */
  public void addProduct(int rows, float[] x, int xAt, float[] y, int yAt, WorkSplitter splitter) {
    if (count() == 0) {
      return;
    }
    splitter.run(
        rows,
        (n, scratch) -> {
          int from = xAt + n * in;
          int to = yAt + n * out();
          for (int row = 0; row < out(); row++) {
            double sum = 0;
            for (int i = starts[row]; i < starts[row + 1]; i++) {
              sum += (double) values[i] * x[from + columns[i]];
            }
            y[to + row] += (float) sum;
          }
        });
  }

  /** Adds the elements to {@code w [out, in]}. */
  public void addTo(float[] w) {
    for (int row = 0; row < out(); row++) {
      for (int i = starts[row]; i < starts[row + 1]; i++) {
        w[row * in + columns[i]] += values[i];
      }
    }
  }
}
