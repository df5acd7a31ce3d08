package nibble.tensor.linalg;

/** A matrix has no Cholesky factor. */
public final class NotPositiveDefiniteException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int row;
  private final double pivot;

  NotPositiveDefiniteException(int row, int n, double pivot) {
    super(
        "the matrix [%d, %d] is not positive definite: pivot %s in row %d; add more to its diagonal (dampening)"
            .formatted(n, n, pivot, row));
    this.row = row;
    this.pivot = pivot;
  }

  /** The first row that failed. */
  public int row() {
    return row;
  }

  /** What was found where a positive number belongs. */
  public double pivot() {
    return pivot;
  }
}
