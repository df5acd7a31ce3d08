package nibble.kernels.lowbit;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import nibble.kernels.lowbit.LevelPanels.Activations;
import nibble.kernels.lowbit.LevelPanels.Tiles;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/**
 * One integer product of many rows, as tasks that each own a range of panels. For each panel and block of inputs the levels are unpacked
 * once, to memory that stays in the first-level cache, and multiplied with all rows. Task scratch: float slots 0 and 1, int slots 0 and 1,
 * segment slot 0.
 */
final class LevelGemm implements WorkSplitter.Task {
  /** Inputs of a block: a panel of 16-bit levels for 16 outputs takes 16 KiB. */
  private static final int BLOCK = 512;

  private final LevelPanels panels;
  private final int rows;
  private final Activations x;
  private final float[] grids;
  private final IntWeights weights;
  private final float @Nullable [] bias;
  private final float[] out;
  private final int outOffset;
  private final int outStride;
  private final int tasks;
  private final int panelCount;
  private final int chunkInputs;
  private final boolean areChunksGroups;

  /**
   * @param grids scale and zero point of each row
   * @param workers threads that share the work
   */
  LevelGemm(
      LevelPanels panels, int rows, Activations x, float[] grids, ActivationQuantizer quantizer, IntWeights weights,
      float @Nullable [] bias, float[] out, int outOffset, int outStride, int workers) {
    this.panels = panels;
    this.rows = rows;
    this.x = x;
    this.grids = grids;
    this.weights = weights;
    this.bias = bias;
    this.out = out;
    this.outOffset = outOffset;
    this.outStride = outStride;
    this.panelCount = Math.ceilDiv(weights.out(), panels.columns());
    this.tasks = workers == 1 ? 1 : Math.min(panelCount, 2 * workers);
    int exact = panels.exactInputs(weights, quantizer);
    this.areChunksGroups = weights.groupSize() <= Math.min(exact, BLOCK);
    this.chunkInputs = areChunksGroups ? wholeLines(weights.groupSize()) : Math.min(exact, BLOCK);
  }

  /** Only a single group may end inside a line, and there weights are zero from its end on. */
  private static int wholeLines(int inputs) {
    return Math.ceilDiv(inputs, IntWeights.INPUT_STEP) * IntWeights.INPUT_STEP;
  }

  int tasks() {
    return tasks;
  }

  @Override
  public void run(int index, Scratch scratch) {
    int columns = panels.columns();
    int tileRows = Math.ceilDiv(rows, LevelPanels.ROWS) * LevelPanels.ROWS;
    int blockInputs = blockInputs();
    int rawLength = Math.ceilDiv(blockInputs, chunkInputs) * LevelPanels.ROWS * columns;
    boolean isShort = weights.containerBits() == 4;
    Tiles tiles =
        new Tiles(
            scratch.ints(0, isShort ? rawLength : 0), scratch.floats(0, isShort ? 0 : rawLength), scratch.ints(1, tileRows * columns),
            scratch.floats(1, tileRows * columns));
    MemorySegment panel = scratch.segment(0, panels.panelBytes(blockInputs));
    int to = (int) ((long) panelCount * (index + 1) / tasks);
    for (int p = (int) ((long) panelCount * index / tasks); p < to; p++) {
      panel(p * columns, blockInputs, panel, tiles, tileRows * columns);
      finish(p * columns, tiles.y());
    }
  }

  /** Whole groups, or a part of one group in whole chunks. */
  private int blockInputs() {
    return areChunksGroups
        ? Math.min(weights.groups(), BLOCK / chunkInputs) * chunkInputs
        : Math.min(Math.ceilDiv(weights.groupSize(), chunkInputs), BLOCK / chunkInputs) * chunkInputs;
  }

  private void panel(int firstOut, int blockInputs, MemorySegment panel, Tiles tiles, int length) {
    Arrays.fill(tiles.y(), 0, length, 0);
    if (areChunksGroups) {
      for (int in = 0; in < weights.in(); in += blockInputs) {
        block(firstOut, in, Math.min(blockInputs, weights.in() - in), false, panel, tiles);
      }
      return;
    }
    Arrays.fill(tiles.sums(), 0, length, 0);
    for (int group = 0; group < weights.in(); group += weights.groupSize()) {
      for (int in = 0; in < weights.groupSize(); in += blockInputs) {
        int count = Math.min(blockInputs, weights.groupSize() - in);
        block(firstOut, group + in, count, in + count == weights.groupSize(), panel, tiles);
      }
    }
  }

  private void block(int firstOut, int firstIn, int count, boolean isGroupEnd, MemorySegment panel, Tiles tiles) {
    int chunks = Math.ceilDiv(count, chunkInputs);
    int group = firstIn / weights.groupSize();
    panels.unpack(weights, firstOut, firstIn, count, panel);
    for (int row = 0; row < rows; row += LevelPanels.ROWS) {
      panels.products(x, row, Math.min(LevelPanels.ROWS, rows - row), firstIn, count, chunkInputs, chunks, panel, tiles);
      if (areChunksGroups) {
        panels.foldGroups(weights, firstOut, group, chunks, tiles, row * panels.columns());
      } else {
        panels.foldParts(weights, firstOut, group, isGroupEnd, chunks, tiles, row * panels.columns());
      }
    }
  }

  private void finish(int firstOut, float[] y) {
    int columns = Math.min(panels.columns(), weights.out() - firstOut);
    for (int row = 0; row < rows; row++) {
      OutputRow.write(columns, y, row * panels.columns(), grids[2 * row], bias, firstOut, out, outOffset + row * outStride + firstOut);
    }
  }
}
