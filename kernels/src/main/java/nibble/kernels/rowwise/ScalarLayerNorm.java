package nibble.kernels.rowwise;

import org.jspecify.annotations.Nullable;

/** The specification: statistics in double, in two passes. */
final class ScalarLayerNorm implements LayerNorm {

  @Override
  public void forward(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float @Nullable [] gain,
      float @Nullable [] bias,
      float epsilon,
      float[] out,
      int outOffset,
      float @Nullable [] mean,
      float @Nullable [] inverseStd,
      int statisticsOffset) {
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      double sum = 0;
      for (int i = 0; i < columns; i++) {
        sum += x[in + i];
      }
      double center = sum / columns;
      double squares = 0;
      for (int i = 0; i < columns; i++) {
        double d = x[in + i] - center;
        squares += d * d;
      }
      double inverse = 1 / Math.sqrt(squares / columns + epsilon);
      for (int i = 0; i < columns; i++) {
        double y = (x[in + i] - center) * inverse;
        out[outOffset + r * columns + i] =
            (float) ((gain == null ? y : y * gain[i]) + (bias == null ? 0 : bias[i]));
      }
      if (mean != null) {
        mean[statisticsOffset + r] = (float) center;
      }
      if (inverseStd != null) {
        inverseStd[statisticsOffset + r] = (float) inverse;
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
      float[] mean,
      float[] inverseStd,
      int statisticsOffset,
      float[] dx,
      int dxOffset,
      float @Nullable [] dgain,
      int dgainOffset,
      float @Nullable [] dbias,
      int dbiasOffset) {
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int from = dyOffset + r * columns;
      double center = mean[statisticsOffset + r];
      double inverse = inverseStd[statisticsOffset + r];
      double sumG = 0;
      double sumGy = 0;
      for (int i = 0; i < columns; i++) {
        double g = gain == null ? dy[from + i] : (double) dy[from + i] * gain[i];
        double y = (x[in + i] - center) * inverse;
        sumG += g;
        sumGy += g * y;
        if (dgain != null) {
          dgain[dgainOffset + i] += (float) (dy[from + i] * y);
        }
        if (dbias != null) {
          dbias[dbiasOffset + i] += dy[from + i];
        }
      }
      for (int i = 0; i < columns; i++) {
        double g = gain == null ? dy[from + i] : (double) dy[from + i] * gain[i];
        double y = (x[in + i] - center) * inverse;
        dx[dxOffset + r * columns + i] =
            (float) (inverse * (g - sumG / columns - y * sumGy / columns));
      }
    }
  }
}
