package nibble.kernels.attention;

import nibble.kernels.gemm.RegisterTiles;

/**
 * Columns of an operand, cut into panels of {@link RegisterTiles}: wide ones, and a narrow one at
 * the end where what is left fits it. Panel {@code p} begins with column {@code p * WIDE}; panels
 * of one depth follow one another without gaps.
 */
final class PanelCut {
  /** Columns of a wide panel. */
  static final int WIDE = RegisterTiles.wideColumns();

  private static final int NARROW = RegisterTiles.narrowColumns();

  private PanelCut() {}

  /** Number of panels for {@code columns}. */
  static int count(int columns) {
    return Math.ceilDiv(columns, WIDE);
  }

  /** Whether panel {@code p} of {@code columns} is a wide one. */
  static boolean isWide(int p, int columns) {
    return columns - p * WIDE > NARROW;
  }

  /** Columns of panel {@code p}, padding included. */
  static int width(int p, int columns) {
    return isWide(p, columns) ? WIDE : NARROW;
  }

  /** Columns of all panels, padding included. */
  static int padded(int columns) {
    int last = count(columns) - 1;
    return last < 0 ? 0 : last * WIDE + width(last, columns);
  }
}
