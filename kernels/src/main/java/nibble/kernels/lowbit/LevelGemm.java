package nibble.kernels.lowbit;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.Lanes;
import org.jspecify.annotations.Nullable;

/**
 * One integer product of many rows, as tasks that each own a rectangle of the result. For each
 * panel of outputs and block of inputs the levels are unpacked once, to memory that stays in the
 * second-level cache, and multiplied with all rows. Task scratch: float slots 0 to 2, int slot 0,
 * segment slots 0 to 3.
 */
final class LevelGemm implements WorkSplitter.Task {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;
  private static final int ROWS = ChunkTile.ROWS;

  private static final float[] ZEROS = new float[2 * ChunkTile.WIDEST * LANES];

  /** Share of the work that a lopsided split may waste before rows are split too. */
  private static final double MOST_WASTE = 1.15;

  /** Most tasks for each thread: a few panels are a task each, so that threads end together. */
  private static final int TASKS_PER_WORKER = 8;

  private final LevelLanes lanes;
  private final QuantizedRows x;
  private final IntWeights weights;
  private final ChunkPlan plan;
  private final Epilogue epilogue;
  private final float @Nullable [] bias;
  private final float[] out;
  private final int outOffset;
  private final int outStride;
  private final int columns;
  private final int panels;
  private final int tiles;
  private final int rowTasks;
  private final int panelTasks;

  /**
   * @param lanes in which the products are exact
   * @param workers threads that share the work
   */
  LevelGemm(
      LevelLanes lanes,
      QuantizedRows x,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      int workers) {
    this.lanes = lanes;
    this.x = x;
    this.weights = weights;
    this.plan = ChunkPlan.of(weights, lanes.exactInputs(weights, x.quantizer()));
    this.epilogue = epilogue;
    this.bias = epilogue.bias();
    this.out = out;
    this.outOffset = outOffset;
    this.outStride = outStride;
    this.columns = ChunkTile.WIDEST * LANES * lanes.fields();
    this.panels = Math.ceilDiv(weights.out(), columns);
    this.tiles = Math.ceilDiv(x.rows(), ROWS);
    double panelsEach = (double) weights.out() / columns / workers;
    boolean isLopsided = Math.ceil(panelsEach) / panelsEach > MOST_WASTE;
    this.rowTasks =
        workers > 1 && isLopsided ? Math.min(tiles, workers) : 1; // each task unpacks its panels
    this.panelTasks = Math.min(panels, workers == 1 ? 1 : TASKS_PER_WORKER * workers);
  }

  int tasks() {
    return rowTasks * panelTasks;
  }

  @Override
  public void run(int index, Scratch scratch) {
    int rowTask = index / panelTasks;
    int panelTask = index % panelTasks;
    int rowFrom = part(tiles, rowTask, rowTasks) * ROWS;
    int rowTo = Math.min(x.rows(), part(tiles, rowTask + 1, rowTasks) * ROWS);
    int length =
        plan.isOneBlock(weights)
            ? ROWS * columns
            : Math.ceilDiv(rowTo - rowFrom, ROWS) * ROWS * columns;
    long groupFloats = (long) weights.groups() * columns;
    FoldTile fold =
        new FoldTile(
            scratch.segment(1, plan.chunksAtOnce() * ChunkTile.rawBytes(ChunkTile.WIDEST)),
            scratch.segment(2, 4 * groupFloats),
            scratch.segment(3, 4 * groupFloats),
            scratch.floats(2, ROWS * QuantizedRows.DISTANCE),
            scratch.floats(0, length),
            scratch.floats(1, sumsLength(2, length)),
            scratch.ints(0, sumsLength(1, length)));
    MemorySegment panel = scratch.segment(0, 4L * plan.blockInputs() * ChunkTile.WIDEST * LANES);
    for (int p = part(panels, panelTask, panelTasks);
        p < part(panels, panelTask + 1, panelTasks);
        p++) {
      start(p * columns, fold, length);
      panel(p * columns, rowFrom, rowTo, panel, fold);
    }
  }

  private static int part(int whole, int index, int parts) {
    return (int) ((long) whole * index / parts);
  }

  private void start(int firstOut, FoldTile fold, int length) {
    int vector = LANES * lanes.fields();
    fold.vectors =
        Math.ceilDiv(weights.out() - firstOut, vector) <= ChunkTile.NARROW
            ? ChunkTile.NARROW
            : ChunkTile.WIDEST;
    fold.columns = fold.vectors * vector;
    fold.hasOffsets = lanes.takesOffsets() && QuantizedRows.hasOffsets(x.quantizer());
    for (int column = 0; column < fold.columns; column += LANES) {
      int row = Math.min(firstOut + column, weights.panels() * IntWeights.PANEL_ROWS - LANES);
      ScaleLines.copy(weights, row, fold.scales, 4L * column, 4L * fold.columns);
    }
    clear(fold.weightSums, (long) weights.groups() * fold.columns);
    Arrays.fill(fold.sums, 0, sumsLength(2, length), 0);
    Arrays.fill(fold.intSums, 0, sumsLength(1, length), 0);
  }

  private static void clear(MemorySegment segment, long floats) {
    FloatVector zero = FloatVector.zero(F);
    for (long i = 0; i < floats; i += LANES) {
      zero.intoMemorySegment(segment, 4 * i, ByteOrder.nativeOrder());
    }
  }

  /** Running sums of {@code length} columns, if there are any for so many outputs in a lane. */
  private int sumsLength(int fields, int length) {
    return plan.parts() > 1 && lanes.fields() == fields ? length : 0;
  }

  private void panel(int firstOut, int rowFrom, int rowTo, MemorySegment panel, FoldTile fold) {
    boolean isOneBlock = plan.isOneBlock(weights);
    boolean isDirect =
        plan.isOneChunk(weights)
            && Math.min(fold.columns, weights.out() - firstOut) % (LANES * lanes.fields()) == 0;
    for (int in = 0; in < weights.in(); ) {
      int count = plan.blockAt(weights, in);
      lanes.unpack(weights, firstOut, fold.vectors, in, count, panel);
      if (fold.hasOffsets) {
        addWeightSums(in, count, panel, fold);
      }
      for (int row = rowFrom; row < rowTo; row += ROWS) {
        if (isDirect) {
          levels(row, rowTo, in, count, fold);
          ChunkTile.products(
              fold.vectors,
              plan.padded(count),
              plan.chunkInputs(),
              fold.levels,
              fold.levelsAt,
              panel,
              0,
              fold.raw);
          write(firstOut, row, Math.min(ROWS, rowTo - row), fold);
          continue;
        }
        fold.yAt = isOneBlock ? 0 : (row - rowFrom) * fold.columns;
        if (in == 0) {
          Arrays.fill(fold.y, fold.yAt, fold.yAt + ROWS * fold.columns, 0);
        }
        tile(row, rowTo, in, count, panel, fold);
        if (in + count == weights.in()) {
          finish(firstOut, row, Math.min(ROWS, rowTo - row), fold);
        }
      }
      in += count;
    }
    epilogue.finish(
        rowFrom,
        rowTo - rowFrom,
        firstOut,
        Math.min(fold.columns, weights.out() - firstOut),
        out,
        outOffset,
        outStride);
  }

  private void addWeightSums(int firstIn, int count, MemorySegment panel, FoldTile fold) {
    long step = (long) fold.vectors * ChunkTile.VECTOR;
    for (int in = 0; in < count; in += plan.inputsAtOnce()) {
      int inputs = plan.padded(Math.min(plan.inputsAtOnce(), count - in));
      int chunks = Math.ceilDiv(inputs, plan.chunkInputs());
      ChunkTile.columnSums(fold.vectors, inputs, plan.chunkInputs(), panel, in * step, fold.raw);
      long sumAt = (long) ((firstIn + in) / weights.groupSize()) * 4 * fold.columns;
      lanes.addWeightSums(
          fold.vectors,
          chunks,
          plan.isLong() ? chunks : plan.parts(),
          fold.raw,
          fold.weightSums,
          sumAt);
    }
  }

  /**
   * Levels and offsets of the rows of a tile: where they are, or in a copy if that is not what
   * {@link ChunkTile#products} reads.
   */
  private void levels(int row, int rowTo, int firstIn, int count, FoldTile fold) {
    int rows = Math.min(ROWS, rowTo - row);
    for (int r = 0; r < ROWS; r++) {
      fold.offsets[r] = x.offset(row + Math.min(r, rows - 1));
    }
    if (rows == ROWS && x.stride() == QuantizedRows.DISTANCE) {
      fold.levels = x.levels();
      fold.levelsAt = x.rowAt(row) + firstIn;
    } else {
      ChunkTile.gather(
          rows, plan.padded(count), x.levels(), x.rowAt(row) + firstIn, x.stride(), fold.copy);
      fold.levels = fold.copy;
      fold.levelsAt = 0;
    }
  }

  private void tile(
      int row, int rowTo, int firstIn, int count, MemorySegment panel, FoldTile fold) {
    levels(row, rowTo, firstIn, count, fold);
    long step = (long) fold.vectors * ChunkTile.VECTOR;
    for (int in = 0; in < count; in += plan.inputsAtOnce()) {
      int inputs = Math.min(plan.inputsAtOnce(), count - in);
      int padded = plan.padded(inputs);
      ChunkTile.products(
          fold.vectors,
          padded,
          plan.chunkInputs(),
          fold.levels,
          fold.levelsAt + in,
          panel,
          in * step,
          fold.raw);
      int group = (firstIn + in) / weights.groupSize();
      fold.groupAt = 4L * group * fold.columns;
      if (plan.isLong()) {
        fold.rawAt = 0;
        lanes.foldParts(fold, Math.ceilDiv(padded, plan.chunkInputs()));
        if (firstIn + in + inputs == (group + 1) * weights.groupSize()) {
          lanes.endGroup(fold);
        }
      } else {
        foldWhole(Math.ceilDiv(inputs, weights.groupSize()), fold);
      }
    }
  }

  private void foldWhole(int groups, FoldTile fold) {
    if (plan.parts() == 1) {
      lanes.foldGroups(fold, groups);
      return;
    }
    for (int group = 0; group < groups; group++) {
      fold.rawAt = (long) group * plan.parts() * ChunkTile.rawBytes(fold.vectors);
      lanes.foldParts(fold, plan.parts());
      lanes.endGroup(fold);
      fold.groupAt += 4L * fold.columns;
    }
  }

  /** The sums of a tile's only chunk straight to the result. */
  private void write(int firstOut, int row, int rows, FoldTile fold) {
    int count = Math.min(fold.columns, weights.out() - firstOut);
    fold.groupAt = 0;
    for (int r = 0; r < rows; r++) {
      int to = outOffset + (row + r) * outStride + firstOut;
      lanes.write(
          fold,
          r,
          count,
          x.scale(row + r),
          bias == null ? ZEROS : bias,
          bias == null ? 0 : firstOut,
          out,
          to);
    }
  }

  private void finish(int firstOut, int row, int rows, FoldTile fold) {
    int count = Math.min(fold.columns, weights.out() - firstOut);
    for (int r = 0; r < rows; r++) {
      int from = fold.yAt + r * fold.columns;
      int to = outOffset + (row + r) * outStride + firstOut;
      float scale = x.scale(row + r);
      int whole = F.loopBound(count);
      if (bias == null) {
        scaled(whole, fold.y, from, scale, out, to);
      } else {
        scaledAndMoved(whole, fold.y, from, scale, bias, firstOut, out, to);
      }
      OutputRow.write(
          count - whole, fold.y, from + whole, scale, bias, firstOut + whole, out, to + whole);
    }
  }

  private static void scaled(int count, float[] y, int from, float scale, float[] out, int to) {
    FloatVector zero = FloatVector.zero(F);
    for (int i = 0; i < count; i += LANES) {
      FloatVector.fromArray(F, y, from + i)
          .fma(FloatVector.broadcast(F, scale), zero)
          .intoArray(out, to + i);
    }
  }

  private static void scaledAndMoved(
      int count, float[] y, int from, float scale, float[] bias, int biasAt, float[] out, int to) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector b = FloatVector.fromArray(F, bias, biasAt + i);
      FloatVector.fromArray(F, y, from + i)
          .fma(FloatVector.broadcast(F, scale), b)
          .intoArray(out, to + i);
    }
  }
}
