package nibble.kernels.lowbit;

import nibble.kernels.gemm.PanelGemm;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.Lanes;
import org.jspecify.annotations.Nullable;

/**
 * A few rows read the packed codes directly; more rows unpack panels. Integer products of 4-bit weights run in 16-bit lanes, those of 8-bit
 * weights in FP32 lanes (many rows) or 32-bit lanes (few rows).
 */
final class VectorIntGemm implements IntGemm {
  /** Up to so many rows the codes are read once per row instead of being unpacked. */
  static final int FEW_ROWS = 3;

  private static final int ROWS = 2 * Lanes.FLOATS;
  private static final LevelPanels SHORTS = new ShortLevels();
  private static final LevelPanels FLOATS = new FloatLevels();

  /** Activations in the form the kernels read, which all tasks share: they belong to the thread that called. */
  private final ThreadLocal<Scratch> shared = ThreadLocal.withInitial(Scratch::new);

  @Override
  public void multiply(
      int rows, float[] x, int xOffset, int xStride, IntWeights weights, float @Nullable [] bias, float[] out, int outOffset, int outStride,
      WorkSplitter splitter) {
    Arguments.check(rows, x, xOffset, xStride, weights.in(), bias, out, outOffset, outStride, weights.out());
    if (rows > FEW_ROWS) {
      PanelGemm.multiply(rows, x, xOffset, xStride, new FloatPanels(weights), bias, out, outOffset, outStride, splitter);
      return;
    }
    int padded = weights.paddedIn();
    int groups = weights.groups();
    float[] scaled = shared.get().floats(0, rows * padded);
    float[] sums = shared.get().floats(1, rows * groups);
    for (int r = 0; r < rows; r++) {
      FloatGemv.prepare(weights, x, xOffset + r * xStride, scaled, r * padded, sums, r * groups);
    }
    int blocks = Math.ceilDiv(weights.out(), ROWS);
    int tasks = tasks(blocks, splitter);
    splitter.run(
        tasks,
        (task, scratch) -> {
          float[] raw = scratch.floats(0, groups * ROWS);
          float[] y = scratch.floats(1, ROWS);
          for (int block = part(blocks, task, tasks); block < part(blocks, task + 1, tasks); block++) {
            int columns = Math.min(ROWS, weights.out() - block * ROWS);
            for (int r = 0; r < rows; r++) {
              FloatGemv.multiply(weights, block * ROWS, scaled, r * padded, sums, r * groups, raw, y);
              OutputRow.write(columns, y, 0, 1, bias, block * ROWS, out, outOffset + r * outStride + block * ROWS);
            }
          }
        });
  }

  @Override
  public void multiply(
      int rows, float[] x, int xOffset, int xStride, ActivationQuantizer quantizer, IntWeights weights, float @Nullable [] bias, float[] out,
      int outOffset, int outStride, WorkSplitter splitter) {
    Arguments.check(rows, x, xOffset, xStride, weights.in(), bias, out, outOffset, outStride, weights.out());
    Arguments.checkIntegerRange(quantizer, weights);
    if (rows > FEW_ROWS) {
      manyRows(rows, x, xOffset, xStride, quantizer, weights, bias, out, outOffset, outStride, splitter);
    } else {
      fewRows(rows, x, xOffset, xStride, quantizer, weights, bias, out, outOffset, outStride, splitter);
    }
  }

  private void fewRows(
      int rows, float[] x, int xOffset, int xStride, ActivationQuantizer quantizer, IntWeights weights, float @Nullable [] bias, float[] out,
      int outOffset, int outStride, WorkSplitter splitter) {
    int length = LevelGemv.preparedLength(weights);
    int groups = weights.groups();
    Scratch caller = shared.get();
    float[] levels = caller.floats(0, weights.in());
    float[] grids = caller.floats(1, 2 * rows);
    int[] prepared = caller.ints(0, rows * length);
    int[] sums = caller.ints(1, rows * groups);
    for (int r = 0; r < rows; r++) {
      RowLevels.quantize(quantizer, x, xOffset + r * xStride, weights.in(), levels, 0, grids, 2 * r);
      LevelGemv.prepare(weights, levels, 0, prepared, r * length, sums, r * groups);
    }
    int blocks = Math.ceilDiv(weights.out(), ROWS);
    int tasks = tasks(blocks, splitter);
    int maxLevel = quantizer.maxLevel();
    splitter.run(
        tasks,
        (task, scratch) -> {
          int[] raw = scratch.ints(0, LevelGemv.rawLength(weights, maxLevel));
          float[] y = scratch.floats(1, ROWS);
          for (int block = part(blocks, task, tasks); block < part(blocks, task + 1, tasks); block++) {
            int columns = Math.min(ROWS, weights.out() - block * ROWS);
            for (int r = 0; r < rows; r++) {
              LevelGemv.multiply(weights, maxLevel, block * ROWS, prepared, r * length, sums, r * groups, raw, y);
              OutputRow.write(columns, y, 0, grids[2 * r], bias, block * ROWS, out, outOffset + r * outStride + block * ROWS);
            }
          }
        });
  }

  private void manyRows(
      int rows, float[] x, int xOffset, int xStride, ActivationQuantizer quantizer, IntWeights weights, float @Nullable [] bias, float[] out,
      int outOffset, int outStride, WorkSplitter splitter) {
    boolean isShort = weights.containerBits() == 4;
    int in = weights.in();
    int stride = weights.paddedIn();
    Scratch caller = shared.get();
    float[] floats = caller.floats(0, isShort ? 0 : Math.multiplyExact(rows, stride));
    int[] pairs = caller.ints(0, isShort ? Math.multiplyExact(rows, stride / 2) : 0);
    float[] grids = caller.floats(1, 2 * rows);
    int tasks = tasks(rows, splitter);
    splitter.run(
        tasks,
        (task, scratch) -> {
          float[] row = isShort ? scratch.floats(0, in) : floats;
          for (int r = part(rows, task, tasks); r < part(rows, task + 1, tasks); r++) {
            int at = isShort ? 0 : r * stride;
            RowLevels.quantize(quantizer, x, xOffset + r * xStride, in, row, at, grids, 2 * r);
            if (isShort) {
              LevelGemv.pairs(in, stride, row, 0, pairs, r * (stride / 2));
            }
          }
        });
    LevelGemm product =
        new LevelGemm(
            isShort ? SHORTS : FLOATS, rows, new LevelPanels.Activations(floats, pairs, stride), grids, quantizer, weights, bias, out,
            outOffset, outStride, splitter.workers());
    splitter.run(product.tasks(), product);
  }

  private static int tasks(int units, WorkSplitter splitter) {
    return splitter.workers() == 1 ? 1 : Math.min(units, 2 * splitter.workers());
  }

  private static int part(int whole, int index, int parts) {
    return (int) ((long) whole * index / parts);
  }
}
