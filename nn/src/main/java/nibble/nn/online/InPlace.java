package nibble.nn.online;

import nibble.kernels.parallel.Scratch;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** Work on the rows of a tensor in place, shared between threads in pieces of equal size. */
final class InPlace {
  private static final int ELEMENTS_PER_TASK = 1 << 14;

  private InPlace() {}

  /** What is done to some consecutive rows. */
  @FunctionalInterface
  interface Rows {
    void apply(int rows, float[] values, int offset, Scratch scratch);
  }

  static void rows(Ops ops, Tensor x, int width, Rows work) {
    if (x.dim(-1) != width) {
      throw new IllegalArgumentException(
          "expected rows of " + width + " channels, found " + x.shape());
    }
    int rows = (int) (x.size() / width);
    int perTask = Math.max(1, ELEMENTS_PER_TASK / width);
    float[] values = x.array();
    int offset = x.offset();
    ops.splitter()
        .run(
            Math.ceilDiv(rows, perTask),
            (task, scratch) -> {
              int first = task * perTask;
              work.apply(Math.min(perTask, rows - first), values, offset + first * width, scratch);
            });
  }
}
