package nibble.quant.model;

import java.util.Arrays;
import java.util.OptionalDouble;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.observer.Hessian;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * How far a rounded weight is from the original.
 *
 * <p>Works on some rows at a time: neither the weight nor integer codes are in float all at once.
 * Products with the Hessian are formed in float and summed up in double, 1e-4 relative.
 *
 * @param weight {@code ||W - W^|| / ||W||}; 0 for a weight of zeros that stayed so
 * @param output {@code ||X (W - W^)^T|| / ||X W^T||} over the calibration inputs; empty without
 *     them
 */
record WeightErrors(double weight, OptionalDouble output) {
  private static final int ROWS = 64;
  private static final int COLUMNS = 512;
  private static final int CHANGE = 2; // slots of scratch memory that the product leaves alone
  private static final int PRODUCT = 3;

  /** Writes one row of a weight in float. */
  @FunctionalInterface
  private interface Rows {
    void row(int index, float[] to, int at);
  }

  /** Sums over some rows: squares of the change and of the weight, and the same of outputs. */
  private record Sums(double change, double weight, double outputChange, double output) {
    static final Sums NONE = new Sums(0, 0, 0, 0);

    Sums plus(Sums other) {
      return new Sums(
          change + other.change,
          weight + other.weight,
          outputChange + other.outputChange,
          output + other.output);
    }
  }

  /**
   * @param original {@code [out, in]}, of any dtype
   * @param hessian of the layer's inputs; null without calibration
   */
  static WeightErrors of(
      Tensor original, QuantizedWeight codes, @Nullable Hessian hessian, WorkSplitter splitter) {
    int out = codes.out();
    Rows rows = rows(codes);
    float @Nullable [] h = hessian == null ? null : floats(hessian.values());
    Sums[] parts = new Sums[Math.ceilDiv(out, ROWS)];
    splitter.run(
        parts.length,
        (part, scratch) ->
            parts[part] =
                sums(
                    original,
                    rows,
                    part * ROWS,
                    Math.min(ROWS, out - part * ROWS),
                    codes.in(),
                    h,
                    scratch));
    Sums all = Arrays.stream(parts).reduce(Sums.NONE, Sums::plus);
    return new WeightErrors(
        ratio(all.change, all.weight),
        h == null
            ? OptionalDouble.empty()
            : OptionalDouble.of(ratio(all.outputChange, all.output)));
  }

  private static Rows rows(QuantizedWeight codes) {
    if (codes instanceof QuantizedTensor integers) {
      return integers::dequantizeRow;
    }
    float[] all = codes.dequantize();
    return (index, to, at) -> System.arraycopy(all, index * codes.in(), to, at, codes.in());
  }

  private static Sums sums(
      Tensor original,
      Rows rounded,
      int from,
      int rows,
      int in,
      float @Nullable [] hessian,
      Scratch scratch) {
    float[] w = original.slice(0, from, from + rows).toFloats();
    float[] change = scratch.floats(CHANGE, w.length);
    double changes = 0;
    double weights = 0;
    for (int row = 0; row < rows; row++) {
      rounded.row(from + row, change, row * in);
      for (int i = row * in; i < (row + 1) * in; i++) {
        float value = w[i];
        change[i] = value - change[i];
        changes += (double) change[i] * change[i];
        weights += (double) value * value;
      }
    }
    return hessian == null
        ? new Sums(changes, weights, 0, 0)
        : new Sums(
            changes,
            weights,
            quadratic(change, rows, in, hessian, scratch),
            quadratic(w, rows, in, hessian, scratch));
  }

  /** {@code tr(D H D^T)} of some rows D. */
  private static double quadratic(float[] d, int rows, int in, float[] hessian, Scratch scratch) {
    float[] product = scratch.floats(PRODUCT, rows * Math.min(COLUMNS, in));
    double sum = 0;
    for (int column = 0; column < in; column += COLUMNS) {
      int columns = Math.min(COLUMNS, in - column);
      Gemm.best()
          .gemm(
              rows, columns, in, 1f, d, 0, in, 1, hessian, column, in, 1, false, product, 0,
              columns, scratch);
      for (int row = 0; row < rows; row++) {
        for (int j = 0; j < columns; j++) {
          sum += (double) product[row * columns + j] * d[row * in + column + j];
        }
      }
    }
    return sum;
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  private static double ratio(double part, double whole) {
    return part <= 0 ? 0 : Math.sqrt(part / whole);
  }
}
