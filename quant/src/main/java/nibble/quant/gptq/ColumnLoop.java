package nibble.quant.gptq;

import java.util.Arrays;
import java.util.Optional;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;
import nibble.quant.format.MaskedRange;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.linalg.RowUpdate;
import org.jspecify.annotations.Nullable;

/**
 * The loop over columns. Rows of a weight do not touch one another, so slabs of rows run in
 * parallel, each through all columns; the result does not depend on the number of threads.
 * Everything is in double; only the rounding itself is in float, on the grid's rule.
 */
final class ColumnLoop {
  private static final int SLAB = 16;
  private static final int TILE = 256;

  private final String name;
  private final int in;
  private final HessianFactor factor;
  private final WeightScheme scheme;
  private final int block;
  private final int freshGroup; // group size where scales are fitted inside the loop, else 0
  private final float[] scales;
  private final byte[] zeroPoints;
  private final QuantParams layout;
  private final Frozen frozen;
  private final byte[] codes;
  private final float @Nullable [] floats; // what stands for the weight, where something is frozen
  private final double[] errors;

  /**
   * @param fitted scales and zero points fitted beforehand
   * @param frozen what stays in float
   * @param fresh whether group scales are fitted again in the loop, on updated weights
   */
  ColumnLoop(
      String name,
      HessianFactor factor,
      WeightScheme scheme,
      QuantParams fitted,
      boolean fresh,
      int blockSize,
      Frozen frozen) {
    this.name = name;
    this.in = fitted.columns();
    this.factor = factor;
    this.scheme = scheme;
    this.layout = fitted;
    this.frozen = frozen;
    freshGroup = fresh ? fitted.groupSize() : 0;
    block = fresh ? alignedBlock(blockSize, fitted.groupSize()) : blockSize;
    scales = fitted.scales().clone();
    zeroPoints = fitted.zeroPoints().clone();
    codes = new byte[fitted.rows() * in];
    floats = frozen.isNothing() ? null : new float[codes.length];
    errors = new double[fitted.rows()];
  }

  /**
   * At the first column of a group all its columns must be up to date, or belong to the current
   * block.
   */
  private static int alignedBlock(int blockSize, int groupSize) {
    if (blockSize >= groupSize) {
      return blockSize / groupSize * groupSize;
    }
    int block = blockSize;
    while (groupSize % block != 0) {
      block--;
    }
    return block;
  }

  GptqResult run(float[] w, WorkSplitter splitter) {
    int out = layout.rows();
    splitter.run(
        Math.ceilDiv(out, SLAB),
        (slab, scratch) -> new Slab(w, slab * SLAB, Math.min(out, (slab + 1) * SLAB)).run());
    QuantParams params =
        new QuantParams(scheme.format(), scheme.granularity(), out, in, scales, zeroPoints);
    double error = Arrays.stream(errors).sum();
    return new GptqResult(
        new QuantizedTensor(codes, params),
        Optional.ofNullable(floats),
        error,
        factor.lambda(),
        factor.retries());
  }

  /** Some rows of the weight, columns in the loop's order. */
  private final class Slab {
    private final int firstRow;
    private final int rows;
    private final double[] W;
    private final double[] E;
    private final float[] group = new float[Math.max(1, freshGroup)];
    private final boolean[] frozenInGroup = new boolean[group.length];

    Slab(float[] weights, int from, int to) {
      firstRow = from;
      rows = to - from;
      W = new double[rows * in];
      E = new double[rows * block];
      for (int row = 0; row < rows; row++) {
        for (int i = 0; i < in; i++) {
          int column = factor.columns()[i];
          W[row * in + i] = factor.dead()[column] ? 0 : weights[(firstRow + row) * in + column];
        }
      }
    }

    void run() {
      for (int from = 0; from < factor.quantized(); from += block) {
        int to = Math.min(factor.quantized(), from + block);
        for (int row = 0; row < rows; row++) {
          roundBlock(row, from, to);
        }
        updateRest(from, to);
      }
      for (int row = 0; row < rows; row++) {
        for (int i = factor.quantized(); i < in; i++) {
          int at = (firstRow + row) * in + factor.columns()[i];
          keep(at, (float) W[row * in + i]);
          codes[at] = zeroPoints[layout.indexOf(firstRow + row, factor.columns()[i])];
        }
      }
    }

    /**
     * Rounds the columns {@code from .. to} of one row and repairs those of them that are still to
     * come.
     */
    private void roundBlock(int row, int from, int to) {
      IntFormat format = scheme.format();
      double[] U = factor.u();
      for (int i = from; i < to; i++) {
        int column = factor.columns()[i];
        int index = layout.indexOf(firstRow + row, column);
        if (freshGroup > 0 && i % freshGroup == 0) {
          fitGroup(row, i, index);
        }
        double w = W[row * in + i];
        int at = (firstRow + row) * in + column;
        if (frozen.keeps(at)) {
          keep(at, (float) w);
          codes[at] = zeroPoints[index];
          E[row * block + i - from] = 0;
          continue;
        }
        float q = round((float) w, format, index, at);
        double e = (w - q) / U[i * in + i];
        E[row * block + i - from] = e;
        errors[firstRow + row] += e * e;
        RowUpdate.subtract(
            to - i - 1,
            1,
            E,
            row * block + i - from,
            1,
            U,
            i * in + i + 1,
            in,
            W,
            row * in + i + 1);
      }
    }

    private float round(float weight, IntFormat format, int index, int at) {
      int code = Grid.quantize(weight, scales[index], zeroPoints[index], format);
      codes[at] = (byte) code;
      float value = scales[index] * (code - zeroPoints[index]);
      keep(at, value);
      return value;
    }

    private void keep(int at, float value) {
      float[] kept = floats;
      if (kept != null) {
        kept[at] = value;
      }
    }

    private void fitGroup(int row, int from, int index) {
      int count = Math.min(freshGroup, in - from);
      for (int i = 0; i < count; i++) {
        group[i] = (float) W[row * in + from + i];
        frozenInGroup[i] = frozen.keeps((firstRow + row) * in + factor.columns()[from + i]);
      }
      MaskedRange.replace(group, frozenInGroup, 0, count);
      Grid grid = scheme.clip().fit(name, scheme.format(), group, 0, count, 1);
      scales[index] = grid.scale();
      zeroPoints[index] = (byte) grid.zeroPoint();
    }

    /** The lazy update: all columns after the block at once. */
    private void updateRest(int from, int to) {
      for (int tile = to; tile < in; tile += TILE) {
        int width = Math.min(TILE, in - tile);
        for (int row = 0; row < rows; row++) {
          RowUpdate.subtract(
              width,
              to - from,
              E,
              row * block,
              1,
              factor.u(),
              from * in + tile,
              in,
              W,
              row * in + tile);
        }
      }
    }
  }
}
