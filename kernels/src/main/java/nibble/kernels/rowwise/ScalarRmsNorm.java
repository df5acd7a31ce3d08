package nibble.kernels.rowwise;

import org.jspecify.annotations.Nullable;

/** The specification: sums in double. */
final class ScalarRmsNorm implements RmsNorm {

  @Override
  public void forward(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float @Nullable [] gain,
      float epsilon,
      float[] out,
      int outOffset,
      float @Nullable [] inverseRms,
      int statisticsOffset) {
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      double squares = 0;
      for (int i = 0; i < columns; i++) {
        squares += (double) x[in + i] * x[in + i];
      }
      double inverse = 1 / Math.sqrt(squares / columns + epsilon);
      for (int i = 0; i < columns; i++) {
        double y = x[in + i] * inverse;
        out[outOffset + r * columns + i] = (float) (gain == null ? y : y * gain[i]);
      }
      if (inverseRms != null) {
        inverseRms[statisticsOffset + r] = (float) inverse;
      }
    }
  }

  @Override
  public void backward(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] dy,
      int dyOffset,
      float @Nullable [] gain,
      float[] inverseRms,
      int statisticsOffset,
      float[] dx,
      int dxOffset,
      float @Nullable [] dgain,
      int dgainOffset) {
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int from = dyOffset + r * columns;
      double inverse = inverseRms[statisticsOffset + r];
      double sum = 0;
      for (int i = 0; i < columns; i++) {
        double y = x[in + i] * inverse;
        sum += (gain == null ? dy[from + i] : (double) dy[from + i] * gain[i]) * y;
        if (dgain != null) {
          dgain[dgainOffset + i] += (float) (dy[from + i] * y);
        }
      }
      for (int i = 0; i < columns; i++) {
        double g = gain == null ? dy[from + i] : (double) dy[from + i] * gain[i];
        dx[dxOffset + r * columns + i] =
            (float) (inverse * (g - x[in + i] * inverse * sum / columns));
      }
    }
  }
}
