package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import nibble.kernels.gemm.Gemm.WeightType;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/**
 * One product {@code C = A B} with B in panels, as tasks that each own a rectangle of C. Task scratch: float slots 0 (a block of A) and 1
 * (tiles on the edge of C), segment slot 1 (a widened panel).
 */
final class Product implements WorkSplitter.Task {
  private static final Tile TILE = Tile.BEST;
  private static final int ROWS = Tile.ROWS;
  private static final int COLUMNS = TILE.columns();

  /** Row tiles for which it is worth reading the panels. */
  private static final int FEWEST_TILES = 4;

  private static final float[] ZEROS = new float[COLUMNS];

  private final int m;
  private final int n;
  private final int k;
  private final float[] a;
  private final int aOffset;
  private final int aRow;
  private final int aColumn;
  private final MemorySegment b;
  private final WeightType type;
  private final @Nullable PanelSource source;
  private final float @Nullable [] bias;
  private final boolean accumulate;
  private final float[] c;
  private final int cOffset;
  private final int cRow;
  private final int steps;
  private final boolean isWidened;
  private int rowTasks = 1;
  private int panelTasks = 1;

  /** A product with packed weights. */
  Product(
      int m, float[] a, int aOffset, int aRow, PackedPanels weights, float @Nullable [] bias, boolean accumulate, float[] c, int cOffset,
      int cRow) {
    this.m = m;
    this.n = weights.out();
    this.k = weights.in();
    this.a = a;
    this.aOffset = aOffset;
    this.aRow = aRow;
    this.aColumn = 1;
    this.b = weights.panels();
    this.type = weights.type();
    this.source = null;
    this.bias = bias;
    this.accumulate = accumulate;
    this.c = c;
    this.cOffset = cOffset;
    this.cRow = cRow;
    this.isWidened = type == WeightType.F16 || type == WeightType.BF16 && m > 1;
    boolean streams = m <= Tile.FEW_ROWS && !isWidened; // each panel is read once: nothing to keep in a cache
    this.steps = streams ? Math.max(1, k) : Blocking.steps(k);
  }

  /** A product with a B that is unpacked or packed block by block. */
  Product(
      int m, float[] a, int aOffset, int aRow, int aColumn, PanelSource source, float @Nullable [] bias, boolean accumulate, float[] c,
      int cOffset, int cRow) {
    this.m = m;
    this.n = source.out();
    this.k = source.in();
    this.a = a;
    this.aOffset = aOffset;
    this.aRow = aRow;
    this.aColumn = aColumn;
    this.b = MemorySegment.NULL;
    this.type = WeightType.F32;
    this.source = source;
    this.bias = bias;
    this.accumulate = accumulate;
    this.c = c;
    this.cOffset = cOffset;
    this.cRow = cRow;
    this.isWidened = false;
    this.steps = Math.ceilDiv(Blocking.steps(k), source.inputStep()) * source.inputStep();
  }

  /** Runs on the calling thread. */
  void run(Scratch scratch) {
    run(0, scratch);
  }

  void run(WorkSplitter splitter) {
    int tasks = Blocking.tasks(m, n, k, splitter.workers());
    int panels = PackedPanels.count(n);
    int tiles = Math.ceilDiv(m, ROWS);
    boolean hasReadyPanels = source == null && !isWidened;
    if (hasReadyPanels || m > 2 * n) { // each task packs its rows and unpacks its panels: the dearer side is split
      rowTasks = Math.clamp(tiles / FEWEST_TILES, 1, tasks);
      panelTasks = Math.min(panels, tasks / rowTasks);
    } else {
      panelTasks = Math.min(tasks, panels);
      rowTasks = Math.min(tiles, tasks / panelTasks);
    }
    splitter.run(rowTasks * panelTasks, this);
  }

  @Override
  public void run(int index, Scratch scratch) {
    int panels = PackedPanels.count(n);
    int tiles = Math.ceilDiv(m, ROWS);
    int rowTask = index / panelTasks;
    int panelTask = index % panelTasks;
    int rowFrom = Blocking.part(tiles, rowTask, rowTasks) * ROWS;
    int rowTo = Math.min(m, Blocking.part(tiles, rowTask + 1, rowTasks) * ROWS);
    int panelFrom = Blocking.part(panels, panelTask, panelTasks);
    int panelTo = Blocking.part(panels, panelTask + 1, panelTasks);
    if (accumulate && bias != null) {
      addBias(bias, rowFrom, rowTo, panelFrom * COLUMNS, Math.min(n, panelTo * COLUMNS));
    }
    int blockRows = Blocking.rows(steps);
    for (int step = 0; step == 0 || step < k; step += steps) {
      for (int row = rowFrom; row < rowTo; row += blockRows) {
        block(row, Math.min(rowTo, row + blockRows), panelFrom, panelTo, step, Math.min(steps, k - step), scratch);
      }
    }
  }

  private void addBias(float[] values, int rowFrom, int rowTo, int from, int to) {
    for (int row = rowFrom; row < rowTo; row++) {
      int at = cOffset + row * cRow;
      for (int j = from; j < to; j++) {
        c[at + j] += values[j];
      }
    }
  }

  private void block(int rowFrom, int rowTo, int panelFrom, int panelTo, int step, int count, Scratch scratch) {
    MemorySegment panels = isWidened || source != null ? scratch.segment(1, 4L * steps * COLUMNS) : b;
    float[] edge = scratch.floats(1, ROWS * COLUMNS);
    int packedRows = packedRows(rowTo - rowFrom);
    float[] tiles = scratch.floats(0, Math.ceilDiv(packedRows, ROWS) * ROWS * count);
    OperandPacking.tiles(packedRows, count, a, aOffset + rowFrom * aRow + step * aColumn, aRow, aColumn, tiles);
    for (int panel = panelFrom; panel < panelTo; panel++) {
      long at = (long) type.bytes() * COLUMNS * (panel * PackedPanels.stepsOf(type, k) + step);
      if (source != null) {
        source.fill(panel * COLUMNS, COLUMNS, step, count, panels);
        at = 0;
      } else if (isWidened) {
        Halves.widen(type, b, at, count, panels);
        at = 0;
      }
      for (int row = rowFrom; row < rowTo; row += ROWS) {
        tile(row, Math.min(ROWS, rowTo - row), panel * COLUMNS, step, count, tiles, (row - rowFrom) * count, panels, at, edge);
      }
    }
  }

  /** Rows of a block that are packed: not the last ones if they are few and can be read where they are. */
  private int packedRows(int rows) {
    int last = rows % ROWS;
    return aColumn == 1 && last <= Tile.FEW_ROWS ? rows - last : rows;
  }

  private void tile(
      int row, int rows, int column, int step, int count, float[] tiles, int tileAt, MemorySegment panels, long at, float[] edge) {
    int cAt = cOffset + row * cRow + column;
    int columns = Math.min(COLUMNS, n - column);
    boolean isFresh = step == 0 && !accumulate;
    if (columns < COLUMNS || rows != ROWS && (aColumn != 1 || rows != Tile.FEW_ROWS && rows != 1)) {
      startEdge(isFresh, rows, columns, column, cAt, edge);
      multiply(row, rows, step, count, tiles, tileAt, panels, at, edge, 0, COLUMNS, edge, 0, COLUMNS);
      for (int r = 0; r < rows; r++) {
        System.arraycopy(edge, r * COLUMNS, c, cAt + r * cRow, columns);
      }
    } else if (!isFresh) {
      multiply(row, rows, step, count, tiles, tileAt, panels, at, c, cAt, cRow, c, cAt, cRow);
    } else if (bias != null) {
      multiply(row, rows, step, count, tiles, tileAt, panels, at, bias, column, 0, c, cAt, cRow);
    } else {
      multiply(row, rows, step, count, tiles, tileAt, panels, at, ZEROS, 0, 0, c, cAt, cRow);
    }
  }

  private void startEdge(boolean isFresh, int rows, int columns, int column, int cAt, float[] edge) {
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

  private void multiply(
      int row, int rows, int step, int count, float[] tiles, int tileAt, MemorySegment panels, long at, float[] start, int startAt,
      int startRow, float[] to, int toAt, int toRow) {
    int from = aOffset + row * aRow + step;
    if (rows > Tile.FEW_ROWS || aColumn != 1) {
      TILE.packed(count, tiles, tileAt, panels, at, start, startAt, startRow, to, toAt, toRow);
    } else if (rows > 1) {
      TILE.few(count, a, from, aRow, rows, panels, at, start, startAt, startRow, to, toAt, toRow);
    } else if (isWidened || type == WeightType.F32) {
      TILE.one(count, a, from, panels, at, start, startAt, to, toAt);
    } else {
      TILE.oneBf16(count, a, from, panels, at, start, startAt, to, toAt);
    }
  }
}
