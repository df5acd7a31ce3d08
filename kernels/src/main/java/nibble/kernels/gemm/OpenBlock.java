package nibble.kernels.gemm;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The tiles of C that belong to one packed block of A, counted down the rows of one panel after the
 * other, given out bit by bit: to the thread that packed the block, and in the end to threads that
 * have nothing left to pack. So a thread that is held up keeps no other waiting. Pieces get smaller
 * towards the end.
 *
 * @param block what was packed
 * @param tiles of C in all
 * @param least tiles that are worth the way to another thread
 * @param next first tile that nobody has taken yet
 */
record OpenBlock(Product.Block block, int tiles, int least, AtomicInteger next) {
  /** The part of what is left that is given out at once: one in so many. */
  private static final int SHARE = 2;

  /** All tiles of a block, given out {@code least} at a time at the end. */
  static OpenBlock of(Product.Block block, int panels, int least) {
    return new OpenBlock(block, block.rowTiles() * panels, least, new AtomicInteger());
  }

  /** Takes a piece for the thread that packed the block: its first tile, or -1 if none is left. */
  int take() {
    return takeOf(1);
  }

  /** The same for another thread, which leaves the last pieces alone: they would take it longer. */
  int help() {
    return takeOf(4 * least);
  }

  private int takeOf(int mostLeft) {
    for (int from = next.get(); tiles - from >= mostLeft; from = next.get()) {
      if (next.compareAndSet(from, end(from))) {
        return from;
      }
    }
    return -1;
  }

  /** Where the piece ends that begins at tile {@code from}: a whole panel at most. */
  int end(int from) {
    int left = tiles - from;
    int most = Math.max(least, block.rowTiles());
    return from + Math.min(left, Math.clamp(left / SHARE, least, most));
  }
}
