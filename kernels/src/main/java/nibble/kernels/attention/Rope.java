package nibble.kernels.attention;

import nibble.kernels.platform.VectorSupport;

/**
 * Rotary positions: turns the pairs of every head of a query or key by the angle of its position,
 * {@code (a, b) -> (a cos - b sin, b cos + a sin)}; see {@link RopeTable}. Works on the calling
 * thread.
 */
public interface Rope {

  /**
   * Turns {@code rows} rows of {@code x} of sequence {@code b}, in place. Elements of a head from
   * {@link RopeTable#rotated} on stay as they are.
   *
   * @param heads heads of a row
   * @param headDim elements of a head, at least {@link RopeTable#rotated}
   * @param positions position of row {@code r} at index {@code positionsOffset + r}; 0 to {@code
   *     table.positions() - 1}
   * @param inverse turns back: the derivative of the rotation
   * @throws IndexOutOfBoundsException if {@code x} does not lie in its array or a position is not
   *     in the table
   */
  void rotate(
      int b,
      int rows,
      int heads,
      int headDim,
      HeadView x,
      RopeTable table,
      int[] positions,
      int positionsOffset,
      boolean inverse);

  /** The best implementation for this machine. */
  static Rope best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final Rope INSTANCE =
        VectorSupport.choose(() -> new VectorRope(), () -> new ScalarRope());

    private Best() {}
  }
}
