package nibble.quant.linalg;

/** A symmetric matrix has no Cholesky factor. Adding a multiple of the identity helps. */
public final class NotPositiveDefiniteException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int pivot;

  NotPositiveDefiniteException(int pivot, double value) {
    super(
        "matrix is not positive definite: pivot %d is %s; add to its diagonal"
            .formatted(pivot, value));
    this.pivot = pivot;
  }

  /** Row of the first pivot that is not positive. */
  public int pivot() {
    return pivot;
  }
}
