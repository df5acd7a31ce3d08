package nibble.kernels.lowbit;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.gemm.PanelGemm;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.Lanes;
import org.jspecify.annotations.Nullable;

/**
 * A few rows read the packed codes directly; more rows unpack panels. Integer products of many rows
 * run in FP32 lanes, two outputs in each lane where both sides have so few bits that this is exact;
 * those of a few rows in 16-bit lanes (4-bit weights) or 32-bit lanes.
 */
final class VectorIntGemm implements IntGemm {
  /** Up to so many rows the codes are read once per row instead of being unpacked. */
  static final int FEW_ROWS = 3;

  private static final int ROWS = 2 * Lanes.FLOATS;
  private static final LevelLanes SINGLE = new SingleLanes();
  private static final LevelLanes PAIRED = new PairedLanes();

  /** Float slot of a row between its map and its quantization. */
  private static final int MAPPED_ROW = 4;

  /** Shorter chunks spend more on taking lanes apart than two products in a lane save. */
  private static final int LEAST_PAIRED_INPUTS = 24;

  /**
   * Activations in the form the kernels read, which all tasks share: they belong to the thread that
   * called.
   */
  private final ThreadLocal<Scratch> shared = ThreadLocal.withInitial(Scratch::new);

  @Override
  public void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    Arguments.check(
        rows,
        x,
        xOffset,
        xStride,
        weights.in(),
        epilogue,
        out,
        outOffset,
        outStride,
        weights.out());
    if (rows > FEW_ROWS) {
      PanelGemm.multiply(
          rows,
          x,
          xOffset,
          xStride,
          new FloatPanels(weights),
          epilogue,
          out,
          outOffset,
          outStride,
          splitter);
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
          MemorySegment scales = scratch.segment(0, ScaleLines.bytes(weights));
          float[] y = scratch.floats(1, ROWS);
          for (int block = part(blocks, task, tasks);
              block < part(blocks, task + 1, tasks);
              block++) {
            int columns = Math.min(ROWS, weights.out() - block * ROWS);
            for (int r = 0; r < rows; r++) {
              FloatGemv.multiply(
                  weights, block * ROWS, scaled, r * padded, sums, r * groups, raw, scales, y);
              OutputRow.write(
                  columns,
                  y,
                  0,
                  1,
                  epilogue.bias(),
                  block * ROWS,
                  out,
                  outOffset + r * outStride + block * ROWS);
              epilogue.finish(r, 1, block * ROWS, columns, out, outOffset, outStride);
            }
          }
        });
  }

  @Override
  public void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      ActivationQuantizer quantizer,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    Arguments.check(
        rows,
        x,
        xOffset,
        xStride,
        weights.in(),
        epilogue,
        out,
        outOffset,
        outStride,
        weights.out());
    Scratch caller = shared.get();
    float[] levels = caller.floats(0, Math.multiplyExact(rows, QuantizedRows.stride(weights.in())));
    float[] grid = caller.floats(1, 2 * rows);
    QuantizedRows quantized =
        quantize(rows, weights.in(), x, xOffset, xStride, quantizer, levels, 0, grid, 0, splitter);
    multiply(quantized, weights, epilogue, out, outOffset, outStride, splitter);
  }

  @Override
  public QuantizedRows quantize(
      int rows,
      int in,
      float[] x,
      int xOffset,
      int xStride,
      @Nullable RowMap map,
      ActivationQuantizer quantizer,
      float[] levels,
      int levelsAt,
      float[] grid,
      int gridAt,
      WorkSplitter splitter) {
    Arguments.checkRows(rows, x, xOffset, xStride, in);
    QuantizedRows result = new QuantizedRows(quantizer, rows, in, levels, levelsAt, grid, gridAt);
    RowLevels levelsOf = new RowLevels(quantizer, VectorRowLevels::levels);
    if (rows <= FEW_ROWS) {
      for (int r = 0; r < rows; r++) {
        quantizeRow(levelsOf, result, r, x, xOffset + r * xStride, map, shared.get());
      }
      return result;
    }
    int tasks = tasks(rows, splitter);
    splitter.run(
        tasks,
        (task, scratch) -> {
          for (int r = part(rows, task, tasks); r < part(rows, task + 1, tasks); r++) {
            quantizeRow(levelsOf, result, r, x, xOffset + r * xStride, map, scratch);
          }
        });
    return result;
  }

  private static void quantizeRow(
      RowLevels levelsOf,
      QuantizedRows to,
      int r,
      float[] x,
      int xAt,
      @Nullable RowMap map,
      Scratch scratch) {
    if (map == null) {
      levelsOf.quantize(to, r, x, xAt);
      return;
    }
    float[] row = scratch.floats(MAPPED_ROW, to.in());
    map.apply(to.in(), x, xAt, row, scratch);
    levelsOf.quantize(to, r, row, 0);
  }

  @Override
  public void multiply(
      QuantizedRows x,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    Arguments.check(x, weights, epilogue, out, outOffset, outStride);
    if (x.rows() <= FEW_ROWS) {
      fewRows(x, weights, epilogue, out, outOffset, outStride, splitter);
      return;
    }
    boolean isPaired = isPaired(x.quantizer(), weights);
    QuantizedRows rows = isPaired ? x : withoutOffsets(x);
    LevelGemm product =
        new LevelGemm(
            isPaired ? PAIRED : SINGLE,
            rows,
            weights,
            epilogue,
            out,
            outOffset,
            outStride,
            splitter.workers());
    splitter.run(product.tasks(), product);
  }

  /** Whether two products fit in a lane for as many inputs as it takes to gain from it. */
  private static boolean isPaired(ActivationQuantizer quantizer, IntWeights weights) {
    return PairedLanes.fits(weights, quantizer)
        && PAIRED.exactInputs(weights, quantizer) >= Math.min(weights.in(), LEAST_PAIRED_INPUTS);
  }

  /** Levels that stand for themselves. */
  private QuantizedRows withoutOffsets(QuantizedRows x) {
    if (!QuantizedRows.hasOffsets(x.quantizer())) {
      return x;
    }
    float[] levels = shared.get().floats(2, x.rows() * x.stride());
    float[] grid = shared.get().floats(3, 2 * x.rows());
    for (int r = 0; r < x.rows(); r++) {
      int to = r * x.stride();
      for (int k = 0; k < x.in(); k++) {
        levels[to + k] = x.levels()[x.rowAt(r) + k] + x.offset(r);
      }
      Arrays.fill(levels, to + x.in(), to + QuantizedRows.filled(x.in()), 0);
      grid[2 * r] = x.scale(r);
      grid[2 * r + 1] = 0;
    }
    return new QuantizedRows(x.quantizer(), x.rows(), x.in(), levels, 0, grid, 0);
  }

  private void fewRows(
      QuantizedRows x,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    int rows = x.rows();
    int length = LevelGemv.preparedLength(weights);
    int groups = weights.groups();
    int[] prepared = shared.get().ints(0, rows * length);
    int[] sums = shared.get().ints(1, rows * groups);
    for (int r = 0; r < rows; r++) {
      LevelGemv.prepare(weights, x, r, prepared, r * length, sums, r * groups);
    }
    int blocks = Math.ceilDiv(weights.out(), ROWS);
    int tasks = tasks(blocks, splitter);
    int maxLevel = x.quantizer().maxLevel();
    splitter.run(
        tasks,
        (task, scratch) -> {
          int[] raw = scratch.ints(0, LevelGemv.rawLength(weights, maxLevel));
          MemorySegment scales = scratch.segment(0, ScaleLines.bytes(weights));
          float[] y = scratch.floats(1, ROWS);
          for (int block = part(blocks, task, tasks);
              block < part(blocks, task + 1, tasks);
              block++) {
            int columns = Math.min(ROWS, weights.out() - block * ROWS);
            for (int r = 0; r < rows; r++) {
              LevelGemv.multiply(
                  weights,
                  maxLevel,
                  block * ROWS,
                  prepared,
                  r * length,
                  sums,
                  r * groups,
                  raw,
                  scales,
                  y);
              OutputRow.write(
                  columns,
                  y,
                  0,
                  x.scale(r),
                  epilogue.bias(),
                  block * ROWS,
                  out,
                  outOffset + r * outStride + block * ROWS);
              epilogue.finish(r, 1, block * ROWS, columns, out, outOffset, outStride);
            }
          }
        });
  }

  private static int tasks(int units, WorkSplitter splitter) {
    return splitter.workers() == 1 ? 1 : Math.min(units, 2 * splitter.workers());
  }

  private static int part(int whole, int index, int parts) {
    return (int) ((long) whole * index / parts);
  }
}
