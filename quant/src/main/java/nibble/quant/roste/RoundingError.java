package nibble.quant.roste;

import java.util.Optional;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.QuantParams;
import nibble.quant.format.WeightScheme;
import nibble.quant.rotation.Orthogonal;

/**
 * What rounding costs a layer in a basis: RoSTE's surrogate (<a
 * href="https://arxiv.org/abs/2502.09003">arXiv:2502.09003</a>, lower level).
 *
 * <pre>{@code
 * E(R) = |Q(W R) - W R|_F^2 + (1 / n) sum over n rows x of |Q(x R) - x R|^2
 * }</pre>
 */
final class RoundingError {
  private RoundingError() {}

  /** The part of a weight {@code [rows, columns]}. */
  static double ofWeight(String name, float[] w, int rows, int columns, WeightScheme scheme) {
    return error(
        w,
        QuantParams.fit(
            name,
            w,
            0,
            rows,
            columns,
            scheme.format(),
            scheme.granularity(),
            scheme.clip(),
            WorkSplitter.serial()));
  }

  /**
   * The part of inputs {@code [rows, columns]}, one grid for each row, or for all where the scheme
   * is static; nothing where they stay in float.
   */
  static double ofInputs(
      String name, float[] x, int rows, int columns, Optional<ActivationScheme> scheme) {
    if (scheme.isEmpty()) {
      return 0;
    }
    ActivationScheme s = scheme.get();
    boolean whole = s.timing() == ActivationScheme.Timing.STATIC;
    Granularity granularity = whole ? new Granularity.PerTensor() : new Granularity.PerChannel();
    QuantParams params =
        QuantParams.fit(
            name,
            x,
            0,
            rows,
            columns,
            s.format(),
            granularity,
            new ClipSearch.Ratio(s.clipRatio()),
            WorkSplitter.serial());
    return error(x, params) / rows;
  }

  private static double error(float[] x, QuantParams params) {
    float[] rounded = new float[x.length];
    params.fakeQuantize(x, 0, rounded, 0);
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      double d = (double) rounded[i] - x[i];
      sum += d * d;
    }
    return sum;
  }

  /** Every row of {@code x} mapped by {@code r}. */
  static float[] turnedRows(float[] x, Orthogonal r) {
    double[] values = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      values[i] = x[i];
    }
    for (int at = 0; at < x.length; at += r.size()) {
      r.apply(values, at);
    }
    float[] turned = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      turned[i] = (float) values[i];
    }
    return turned;
  }

  /** Every column of {@code w [r.size(), columns]} mapped by {@code r}. */
  static float[] turnedColumns(float[] w, int columns, Orthogonal r) {
    int rows = r.size();
    float[] turned = new float[w.length];
    double[] column = new double[rows];
    for (int j = 0; j < columns; j++) {
      for (int i = 0; i < rows; i++) {
        column[i] = w[i * columns + j];
      }
      r.apply(column, 0);
      for (int i = 0; i < rows; i++) {
        turned[i * columns + j] = (float) column[i];
      }
    }
    return turned;
  }
}
