package nibble.nn.train;

import nibble.kernels.parallel.WorkSplitter;

/** Cuts a long array into pieces for the threads. */
final class Blocks {
  private static final int SIZE = 1 << 15;

  private Blocks() {}

  /** {@code count} elements from {@code from} on. */
  @FunctionalInterface
  interface Piece {
    void run(int from, int count);
  }

  static void run(WorkSplitter splitter, int size, Piece piece) {
    int tasks = (int) (((long) size + SIZE - 1) / SIZE);
    splitter.run(
        tasks, (task, scratch) -> piece.run(task * SIZE, Math.min(SIZE, size - task * SIZE)));
  }
}
