package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import nibble.kernels.gemm.Gemm.WeightType;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/**
 * One product {@code C = A B} with B in panels. Either a block of A is packed once, for all
 * threads, and tasks that each own a rectangle of C multiply it with the panels; or each thread
 * packs parts of the rows for itself. Scratch of the caller: float slot 0 (blocks of A). Task
 * scratch: float slot 1 (tiles on the edge of C), int slot 0 (a value without meaning), segment
 * slot 1 (a panel that is unpacked or widened).
 */
final class Product {
  private static final Tile TILE = Tile.BEST;
  private static final int ROWS = Tile.ROWS;
  private static final int COLUMNS = TILE.columns();
  private static final float[] ZEROS = new float[COLUMNS];

  private final LeftOperand a;
  private final int n;
  private final MemorySegment b;
  private final WeightType type;
  private final @Nullable PanelSource source;
  private final boolean isWidened;
  private final Epilogue epilogue;
  private final boolean accumulate;
  private final float[] c;
  private final int cOffset;
  private final int cRow;
  private final Blocking blocking;

  /** A product with packed weights. */
  Product(
      LeftOperand a, PackedPanels weights, Epilogue epilogue, float[] c, int cOffset, int cRow) {
    this.a = a;
    this.n = weights.out();
    this.b = weights.panels();
    this.type = weights.type();
    this.source = null;
    this.isWidened = type != WeightType.F32 && a.rows() > 1;
    this.epilogue = epilogue;
    this.accumulate = false;
    this.c = c;
    this.cOffset = cOffset;
    this.cRow = cRow;
    boolean streams =
        a.rows() <= Tile.FEW_ROWS
            && !isWidened; // each panel is read once: nothing to keep in a cache
    this.blocking =
        streams
            ? new Blocking(Math.max(1, a.steps()), ROWS)
            : Blocking.of(a.rows(), a.steps(), isWidened);
  }

  /** A product with a B that is unpacked or packed block by block. */
  Product(
      LeftOperand a,
      PanelSource source,
      Epilogue epilogue,
      boolean accumulate,
      float[] c,
      int cOffset,
      int cRow) {
    this.a = a;
    this.n = source.out();
    this.b = MemorySegment.NULL;
    this.type = WeightType.F32;
    this.source = source;
    this.isWidened = false;
    this.epilogue = epilogue;
    this.accumulate = accumulate;
    this.c = c;
    this.cOffset = cOffset;
    this.cRow = cRow;
    this.blocking = Blocking.ofUnpacked(a.rows(), a.steps(), source.inputStep());
  }

  /**
   * A part of A: rows {@code [row, rowEnd)}, steps {@code [step, step + count)}, packed in {@code
   * tiles} from element {@code at} on.
   */
  record Block(int row, int rowEnd, int step, int count, float[] tiles, int at) {
    int rowTiles() {
      return Math.ceilDiv(rowEnd - row, ROWS);
    }

    /** Steps with the zeros that fill up an odd number. */
    int evenCount() {
      return count + (count & 1);
    }
  }

  /** Runs on the calling thread. */
  void run(Scratch scratch) {
    float[] tiles = scratch.floats(0, blockLength(a.rows()));
    blocks(0, a.rows(), tiles, 0, block -> allPanels(block, scratch));
  }

  /**
   * Shares the work between the threads of {@code splitter}.
   *
   * @param shared memory of the calling thread that tasks do not use
   */
  void run(WorkSplitter splitter, Scratch shared) {
    int tiles = Math.ceilDiv(a.rows(), ROWS);
    int parts = isReady() ? Blocking.rowParts(tiles, n, a.steps(), splitter.workers()) : 1;
    if (parts == 1) {
      sharePanels(splitter, shared);
    } else {
      shareRows(parts, splitter, shared);
    }
  }

  /**
   * Whether panels are read where they are: then each thread may go through all of them, with rows
   * of its own.
   */
  private boolean isReady() {
    return source == null && !isWidened;
  }

  /** Floats that a block of {@code rows} rows, or the largest one of them, takes. */
  private int blockLength(int rows) {
    return LeftOperand.packedLength(Math.min(rows, blocking.rows()));
  }

  /**
   * Each thread takes parts of the rows and packs them for itself; when there are none left it
   * helps the others with their last blocks. Nothing is packed over a block that others read: a
   * thread that begins to help saw that all parts are taken, so the owner will take none.
   */
  private void shareRows(int parts, WorkSplitter splitter, Scratch shared) {
    int workers = Math.min(parts, splitter.workers());
    int rowTiles = Math.ceilDiv(a.rows(), ROWS);
    int length = blockLength(Math.ceilDiv(rowTiles, parts) * ROWS);
    float[] tiles = shared.floats(0, Math.multiplyExact(workers, length));
    AtomicInteger nextPart = new AtomicInteger();
    AtomicReferenceArray<OpenBlock> open = new AtomicReferenceArray<>(workers);
    splitter.run(
        workers,
        (worker, scratch) -> {
          int part = nextPart.getAndIncrement();
          for (; part < parts; part = nextPart.getAndIncrement()) {
            int rowTo = Math.min(a.rows(), Blocking.part(rowTiles, part + 1, parts) * ROWS);
            blocks(
                Blocking.part(rowTiles, part, parts) * ROWS,
                rowTo,
                tiles,
                worker * length,
                block -> {
                  if (isLast(block) && block.rowEnd == rowTo) {
                    OpenBlock mine =
                        OpenBlock.of(
                            block, PackedPanels.count(n), Blocking.leastTiles(block.count()));
                    open.set(worker, mine);
                    takeAll(mine, scratch);
                  } else {
                    allPanels(block, scratch);
                  }
                });
          }
          for (int i = 1; i < workers; i++) {
            helpAll(open.get((worker + i) % workers), scratch);
          }
        });
  }

  private void takeAll(OpenBlock mine, Scratch scratch) {
    for (int from = mine.take(); from >= 0; from = mine.take()) {
      tiles(mine.block(), from, mine.end(from), scratch);
    }
  }

  private void helpAll(@Nullable OpenBlock other, Scratch scratch) {
    if (other == null) {
      return;
    }
    for (int from = other.help(); from >= 0; from = other.help()) {
      tiles(other.block(), from, other.end(from), scratch);
    }
  }

  /** Packs one block of rows {@code [rowFrom, rowTo)} after the other for {@code product}. */
  private void blocks(int rowFrom, int rowTo, float[] tiles, int at, Consumer<Block> product) {
    for (int row = rowFrom; row < rowTo; row += blocking.rows()) {
      for (int step = 0; step == 0 || step < a.steps(); step += blocking.steps()) {
        Block block = block(row, Math.min(rowTo, row + blocking.rows()), step, tiles, at);
        a.pack(row, block.rowEnd, step, block.count, tiles, at, 0, 1);
        product.accept(block);
      }
    }
  }

  private void allPanels(Block block, Scratch scratch) {
    rectangle(block, block.row, block.rowEnd, 0, PackedPanels.count(n), scratch);
  }

  /** All threads pack a block of A; then each takes its share of the panels, to the tile. */
  private void sharePanels(WorkSplitter splitter, Scratch shared) {
    float[] tiles = shared.floats(0, blockLength(a.rows()));
    for (int row = 0; row < a.rows(); row += blocking.rows()) {
      for (int step = 0; step == 0 || step < a.steps(); step += blocking.steps()) {
        sharePanels(
            block(row, Math.min(a.rows(), row + blocking.rows()), step, tiles, 0), splitter);
      }
    }
  }

  private void sharePanels(Block block, WorkSplitter splitter) {
    int packTasks = Blocking.packTasks(block.rowEnd - block.row, block.count, splitter.workers());
    if (packTasks == 1) {
      a.pack(block.row, block.rowEnd, block.step, block.count, block.tiles, 0, 0, 1);
    } else {
      splitter.run(
          packTasks,
          (task, scratch) ->
              a.pack(
                  block.row,
                  block.rowEnd,
                  block.step,
                  block.count,
                  block.tiles,
                  0,
                  task,
                  packTasks));
    }
    int tiles = block.rowTiles() * PackedPanels.count(n);
    int tasks =
        Math.min(
            tiles, Blocking.tasks(block.rowEnd - block.row, n, block.count, splitter.workers()));
    splitter.run(
        tasks,
        (task, scratch) ->
            tiles(
                block,
                Blocking.part(tiles, task, tasks),
                Blocking.part(tiles, task + 1, tasks),
                scratch));
  }

  private Block block(int row, int rowEnd, int step, float[] tiles, int at) {
    return new Block(row, rowEnd, step, Math.min(blocking.steps(), a.steps() - step), tiles, at);
  }

  private boolean isLast(Block block) {
    return block.step + block.count >= a.steps();
  }

  /** Tiles {@code [from, to)} of C, counted down the rows of one panel after the other. */
  private void tiles(Block block, int from, int to, Scratch scratch) {
    int perPanel = block.rowTiles();
    while (from < to) {
      int first = from % perPanel;
      int panel = from / perPanel;
      int panels = first == 0 ? Math.max(1, (to - from) / perPanel) : 1; // whole ones together
      int count = Math.min(perPanel - first, to - from);
      int row = block.row + first * ROWS;
      rectangle(
          block, row, Math.min(block.rowEnd, row + count * ROWS), panel, panel + panels, scratch);
      from += panels * count;
    }
  }

  /** Rows {@code [rowFrom, rowTo)} of the block times panels {@code [panelFrom, panelTo)}. */
  private void rectangle(
      Block block, int rowFrom, int rowTo, int panelFrom, int panelTo, Scratch scratch) {
    boolean isLast = isLast(block) && epilogue.isMoreThanBias();
    int group = isLast ? Blocking.finishedPanels(rowTo - rowFrom) : panelTo - panelFrom;
    int touched = 0;
    for (int first = panelFrom; first < panelTo; first += group) {
      int end = Math.min(panelTo, first + group);
      for (int panel = first; panel < end; panel++) {
        if (isReady()) {
          long next =
              panel + 1 < panelTo
                  ? panelAt(panel + 1, block.step)
                  : panelAt(panelFrom, block.step + block.count);
          touched ^=
              panel(block, panel, rowFrom, rowTo, b, panelAt(panel, block.step), next, scratch);
        } else {
          MemorySegment unpacked = scratch.segment(1, 4L * blocking.steps() * COLUMNS);
          unpack(block, panel, unpacked);
          touched ^= panel(block, panel, rowFrom, rowTo, unpacked, 0, 0, scratch);
        }
      }
      if (isLast) {
        epilogue.finish(
            rowFrom,
            rowTo - rowFrom,
            first * COLUMNS,
            Math.min(n, end * COLUMNS) - first * COLUMNS,
            c,
            cOffset,
            cRow);
      }
    }
    scratch.ints(0, 1)[0] = touched;
  }

  /** Byte of the packed weights at which a panel has step {@code step}. */
  private long panelAt(int panel, int step) {
    return (long) type.bytes() * COLUMNS * (panel * PackedPanels.stepsOf(a.steps()) + step);
  }

  private void unpack(Block block, int panel, MemorySegment to) {
    if (source == null) {
      Halves.widen(type, b, panelAt(panel, block.step), block.count, to);
      return;
    }
    source.fill(panel * COLUMNS, COLUMNS, block.step, block.count, to);
    if (block.count % 2 == 1) {
      to.asSlice(4L * COLUMNS * block.count, 4L * COLUMNS).fill((byte) 0);
    }
  }

  /** All rows of a task times one panel. */
  private int panel(
      Block block,
      int panel,
      int rowFrom,
      int rowTo,
      MemorySegment values,
      long at,
      long next,
      Scratch scratch) {
    float[] edge = scratch.floats(1, ROWS * COLUMNS);
    long ahead = Tile.TOUCH_STEP * block.evenCount();
    long latest = Math.min(next + 4L * COLUMNS * block.evenCount(), values.byteSize()) - ahead;
    int touched = 0;
    for (int row = rowFrom; row < rowTo; row += ROWS) {
      touched ^=
          tile(
              block,
              row,
              Math.min(ROWS, rowTo - row),
              panel * COLUMNS,
              values,
              at,
              Math.min(next, latest),
              edge);
      next += ahead;
    }
    return touched;
  }

  private int tile(
      Block block,
      int row,
      int rows,
      int column,
      MemorySegment values,
      long at,
      long next,
      float[] edge) {
    int cAt = cOffset + row * cRow + column;
    int columns = Math.min(COLUMNS, n - column);
    boolean isFresh = block.step == 0 && !accumulate;
    float[] bias = epilogue.bias();
    if (columns < COLUMNS || !a.hasTile(rows)) {
      startEdge(isFresh, rows, columns, column, cAt, edge);
      int touched =
          multiply(block, row, rows, values, at, next, edge, 0, COLUMNS, edge, 0, COLUMNS);
      for (int r = 0; r < rows; r++) {
        System.arraycopy(edge, r * COLUMNS, c, cAt + r * cRow, columns);
      }
      return touched;
    } else if (!isFresh) {
      return multiply(block, row, rows, values, at, next, c, cAt, cRow, c, cAt, cRow);
    } else if (bias != null) {
      return multiply(block, row, rows, values, at, next, bias, column, 0, c, cAt, cRow);
    } else {
      return multiply(block, row, rows, values, at, next, ZEROS, 0, 0, c, cAt, cRow);
    }
  }

  private void startEdge(
      boolean isFresh, int rows, int columns, int column, int cAt, float[] edge) {
    float[] bias = epilogue.bias();
    for (int r = 0; r < rows; r++) {
      if (!isFresh) {
        System.arraycopy(c, cAt + r * cRow, edge, r * COLUMNS, columns);
      } else if (bias != null) {
        System.arraycopy(bias, column, edge, r * COLUMNS, columns);
      } else {
        System.arraycopy(ZEROS, 0, edge, r * COLUMNS, columns);
      }
    }
  }

  private int multiply(
      Block block,
      int row,
      int rows,
      MemorySegment values,
      long at,
      long next,
      float[] start,
      int startAt,
      int startRow,
      float[] to,
      int toAt,
      int toRow) {
    int count = block.count;
    int aAt = a.at(row, block.step);
    if (a.isPacked(rows)) {
      int tileAt = block.at + (row - block.row) * Tile.STRIDE;
      return TILE.rows(
          block.evenCount(),
          block.tiles,
          tileAt,
          values,
          at,
          next,
          start,
          startAt,
          startRow,
          to,
          toAt,
          toRow);
    }
    if (rows > 1) {
      TILE.few(
          count,
          a.values(),
          aAt,
          a.rowStride(),
          rows,
          values,
          at,
          start,
          startAt,
          startRow,
          to,
          toAt,
          toRow);
    } else if (isWidened || type == WeightType.F32) {
      TILE.one(count, a.values(), aAt, values, at, start, startAt, to, toAt);
    } else if (type == WeightType.F16) {
      TILE.oneF16(count, a.values(), aAt, values, at, start, startAt, to, toAt);
    } else {
      TILE.oneBf16(count, a.values(), aAt, values, at, start, startAt, to, toAt);
    }
    return 0;
  }
}
