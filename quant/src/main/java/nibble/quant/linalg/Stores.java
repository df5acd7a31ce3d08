package nibble.quant.linalg;

import org.ojalgo.matrix.store.MatrixStore;
import org.ojalgo.matrix.store.R064Store;

/**
 * Copies between row-major arrays and ojAlgo's column-major stores; ojAlgo types go no further than
 * this package.
 */
final class Stores {
  private Stores() {}

  static R064Store of(double[] a, int rows, int columns) {
    if (a.length != Math.multiplyExact(rows, columns)) {
      throw new IllegalArgumentException(
          "[%d, %d] needs %d values, found %d"
              .formatted(rows, columns, (long) rows * columns, a.length));
    }
    double[] columnMajor = new double[a.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        double value = a[i * columns + j];
        if (!Double.isFinite(value)) {
          throw new IllegalArgumentException(
              "element [%d, %d] is %s, expected finite values".formatted(i, j, value));
        }
        columnMajor[j * rows + i] = value;
      }
    }
    return R064Store.wrap(columnMajor, rows);
  }

  /** The first {@code columns} columns, row-major. */
  static double[] rows(MatrixStore<Double> store, int rows, int columns) {
    double[] a = new double[rows * columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        a[i * columns + j] = store.doubleValue(i, j);
      }
    }
    return a;
  }
}
