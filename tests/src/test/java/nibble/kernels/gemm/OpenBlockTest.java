package nibble.kernels.gemm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class OpenBlockTest {
  private static final float[] NO_TILES = {};

  /** A block that begins in the middle of the rows and of the sum. */
  private static OpenBlock open(int rows, int panels, int least) {
    return OpenBlock.of(new Product.Block(12, 12 + rows, 6, 256, NO_TILES, 0), panels, least);
  }

  @Property
  void everyTileIsGivenOutOnceInPiecesOfAPanelAtMost(
      @ForAll @IntRange(min = 1, max = 300) int rows,
      @ForAll @IntRange(min = 1, max = 20) int panels,
      @ForAll @IntRange(min = 1, max = 8) int least,
      @ForAll long seed) {
    OpenBlock block = open(rows, panels, least);
    int perPanel = Math.ceilDiv(rows, Tile.ROWS);
    Random random = new Random(seed);
    int next = 0;
    boolean helps = true;
    while (next < perPanel * panels) {
      helps &= random.nextBoolean();
      int from = helps ? block.help() : block.take();
      if (from < 0) {
        assertTrue(
            helps, "the owner found nothing with %d tiles left".formatted(block.tiles() - next));
        helps = false;
        continue;
      }
      assertTrue(from == next, "expected tile %d, found %d".formatted(next, from));
      int count = block.end(from) - from;
      assertTrue(
          count >= 1 && count <= Math.max(perPanel, block.least()), count + " tiles at once");
      next = from + count;
    }
    assertTrue(next == perPanel * panels && block.take() < 0 && block.help() < 0);
  }

  @Test
  void aHelperLeavesTheLastTilesToTheOwner() {
    OpenBlock block = open(96, 3, 4);
    int next = 0;
    for (int from = block.help(); from >= 0; from = block.help()) {
      next = block.end(from);
    }
    assertTrue(next > 0 && next < block.tiles(), next + " of " + block.tiles());
    assertTrue(block.take() == next);
  }

  @Test
  void threadsTakeEveryTileOnce() throws InterruptedException {
    for (int round = 0; round < 20; round++) {
      OpenBlock block = open(6, 100_000, 1); // pieces of one tile
      AtomicIntegerArray times = new AtomicIntegerArray(block.tiles());
      Thread helper = Thread.ofPlatform().start(() -> takeAll(block::help, block, times));
      takeAll(block::take, block, times);
      helper.join();
      int[] once = new int[block.tiles()];
      Arrays.fill(once, 1);
      int[] found = new int[block.tiles()];
      Arrays.setAll(found, times::get);
      assertArrayEquals(once, found);
    }
  }

  private static void takeAll(IntSupplier next, OpenBlock block, AtomicIntegerArray times) {
    for (int from = next.getAsInt(); from >= 0; from = next.getAsInt()) {
      for (int tile = from; tile < block.end(from); tile++) {
        times.incrementAndGet(tile);
      }
    }
  }
}
