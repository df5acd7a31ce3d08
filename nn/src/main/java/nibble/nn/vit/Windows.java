package nibble.nn.vit;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Square windows of a grid of patches, after a cyclic shift up and to the left. Where the window
 * does not divide the grid, zeros are added on the right and below. In a shifted grid, patches that
 * were no neighbours before must not see each other: {@link #mask}.
 *
 * <p>Liu et al., <a href="https://arxiv.org/abs/2103.14030">arXiv:2103.14030</a>, section 3.2 and
 * figure 4.
 */
final class Windows {
  /** What is added to the scores of patches that must not see each other. */
  private static final float FAR = -100;

  private static final int PADDING = -1;

  private final int side;
  private final int window;
  private final int[] source;
  private final int[] target;
  private final @Nullable Tensor mask;

  /**
   * @param side patches along one side
   * @param window patches along one side of a window
   * @param shift patches by which the grid is shifted, less than {@code window}
   */
  Windows(int side, int window, int shift) {
    this.side = side;
    this.window = window;
    int padded = Math.ceilDiv(side, window) * window;
    source = new int[padded * padded];
    target = new int[side * side];
    float[] region = new float[padded * padded];
    int across = padded / window;
    for (int y = 0; y < padded; y++) {
      for (int x = 0; x < padded; x++) {
        int at = ((y / window * across + x / window) * window + y % window) * window + x % window;
        int fromY = (y + shift) % padded;
        int fromX = (x + shift) % padded;
        boolean inside = fromY < side && fromX < side;
        source[at] = inside ? fromY * side + fromX : PADDING;
        if (inside) {
          target[fromY * side + fromX] = at;
        }
        region[at] = 3 * band(y, padded, shift) + band(x, padded, shift);
      }
    }
    mask = shift == 0 ? null : mask(region, window * window);
  }

  /** Which of the three bands of a shifted grid a row or column is in. */
  private int band(int place, int padded, int shift) {
    if (place < padded - window) {
      return 0;
    }
    return place < padded - shift ? 1 : 2;
  }

  private static Tensor mask(float[] region, int patches) {
    int windows = region.length / patches;
    float[] mask = new float[windows * patches * patches];
    for (int i = 0; i < mask.length; i++) {
      int first = i / (patches * patches) * patches;
      mask[i] = region[first + i / patches % patches] == region[first + i % patches] ? 0 : FAR;
    }
    return Tensor.of(mask, windows, 1, patches, patches);
  }

  /** Windows of one image. */
  int count() {
    return source.length / (window * window);
  }

  /** Whether zeros fill up the windows at the borders. */
  boolean isPadded() {
    return source.length != target.length;
  }

  /**
   * What is added to scores, {@code [windows, 1, window * window, window * window]}; null without a
   * shift.
   */
  @Nullable Tensor mask() {
    return mask;
  }

  /** {@code [batch, side * side, width]} as {@code [batch * windows, window * window, width]}. */
  Tensor split(Ops ops, Tensor x) {
    int batch = x.dim(0);
    int width = x.dim(2);
    Tensor rows = ops.reshape(x, batch * side * side, width);
    Tensor table = isPadded() ? ops.concat(0, rows, Tensor.zeros(1, width)) : rows;
    int zero = batch * side * side;
    int[] ids = new int[batch * source.length];
    for (int i = 0; i < ids.length; i++) {
      int from = source[i % source.length];
      ids[i] = from == PADDING ? zero : i / source.length * side * side + from;
    }
    return ops.reshape(ops.rowsOf(table, ids), batch * count(), window * window, width);
  }

  /** The way back; what was added is dropped. */
  Tensor join(Ops ops, Tensor windows) {
    int batch = windows.dim(0) / count();
    int width = windows.dim(2);
    int[] ids = new int[batch * target.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = i / target.length * source.length + target[i % target.length];
    }
    Tensor rows = ops.reshape(windows, batch * source.length, width);
    return ops.reshape(ops.rowsOf(rows, ids), batch, side * side, width);
  }
}
