package nibble.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import nibble.kernels.platform.NativeSegments;

/** Copies columns of a matrix with any strides into a panel. */
final class PanelColumns {
  private static final int SIDE = Squares.SIDE;

  private PanelColumns() {}

  /**
   * {@code factor} times {@code present} columns of {@code steps} elements, as the first columns of
   * a panel of {@code width}; the others become zero. Where the elements of a column follow one
   * another, squares of them are transposed.
   *
   * @param from element 0 of column 0
   * @param step elements from one element of a column to the next
   * @param column elements from one column to the next
   * @param to byte of {@code panel} at which it begins
   */
  static void pack(
      int present,
      int width,
      int steps,
      float factor,
      float[] values,
      int from,
      int step,
      int column,
      MemorySegment panel,
      long to) {
    long run = 4L * width; // bytes of one step
    int j = 0;
    if (step == 1) {
      int whole = steps / SIDE * SIDE;
      for (; j <= present - SIDE; j += SIDE) {
        for (int l = 0; l < whole; l += SIDE) {
          Squares.transpose(
              factor, values, from + j * column + l, column, panel, to + run * l + 4L * j, run);
        }
        for (int i = j; i < j + SIDE; i++) {
          elements(whole, steps, factor, values, from + i * column, 1, panel, to + 4L * i, run);
        }
      }
    }
    for (; j < present; j++) {
      elements(0, steps, factor, values, from + j * column, step, panel, to + 4L * j, run);
    }
    for (; j < width; j++) {
      zeros(steps, panel, to + 4L * j, run);
    }
  }

  private static void elements(
      int first,
      int steps,
      float factor,
      float[] values,
      int from,
      int step,
      MemorySegment panel,
      long to,
      long run) {
    panel = NativeSegments.offHeap(panel);
    for (int l = first; l < steps; l++) {
      panel.set(JAVA_FLOAT, to + run * l, factor * values[from + l * step]);
    }
  }

  private static void zeros(int steps, MemorySegment panel, long to, long run) {
    panel = NativeSegments.offHeap(panel);
    for (int l = 0; l < steps; l++) {
      panel.set(JAVA_FLOAT, to + run * l, 0f);
    }
  }
}
