package nibble.kernels.rowwise;

import java.util.Arrays;

/** The specification: exponentials and sums in double. */
final class ScalarSoftmax implements Softmax {

  @Override
  public void forward(int rows, int columns, float[] x, int xOffset, float[] out, int outOffset) {
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int to = outOffset + r * columns;
      float max = max(columns, x, in);
      if (max == Float.NEGATIVE_INFINITY) {
        Arrays.fill(out, to, to + columns, 0f);
        continue;
      }
      double inverse = 1 / sumExp(columns, x, in, max);
      for (int i = 0; i < columns; i++) {
        out[to + i] = (float) (Math.exp((double) x[in + i] - max) * inverse);
      }
    }
  }

  @Override
  public void backward(
      int rows,
      int columns,
      float[] p,
      int pOffset,
      float[] dp,
      int dpOffset,
      float[] dx,
      int dxOffset) {
    for (int r = 0; r < rows; r++) {
      int row = r * columns;
      double sum = 0;
      for (int i = 0; i < columns; i++) {
        sum += (double) p[pOffset + row + i] * dp[dpOffset + row + i];
      }
      for (int i = 0; i < columns; i++) {
        dx[dxOffset + row + i] = (float) (p[pOffset + row + i] * (dp[dpOffset + row + i] - sum));
      }
    }
  }

  @Override
  public void logForward(
      int rows, int columns, float[] x, int xOffset, float[] out, int outOffset) {
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int to = outOffset + r * columns;
      float max = max(columns, x, in);
      if (max == Float.NEGATIVE_INFINITY) {
        Arrays.fill(out, to, to + columns, Float.NEGATIVE_INFINITY);
        continue;
      }
      double logSum = Math.log(sumExp(columns, x, in, max));
      for (int i = 0; i < columns; i++) {
        out[to + i] = (float) ((double) x[in + i] - max - logSum);
      }
    }
  }

  @Override
  public void logBackward(
      int rows,
      int columns,
      float[] y,
      int yOffset,
      float[] dy,
      int dyOffset,
      float[] dx,
      int dxOffset) {
    for (int r = 0; r < rows; r++) {
      int row = r * columns;
      double sum = 0;
      for (int i = 0; i < columns; i++) {
        sum += dy[dyOffset + row + i];
      }
      for (int i = 0; i < columns; i++) {
        dx[dxOffset + row + i] =
            (float) (dy[dyOffset + row + i] - Math.exp(y[yOffset + row + i]) * sum);
      }
    }
  }

  private static float max(int columns, float[] x, int at) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < columns; i++) {
      max = Math.max(max, x[at + i]);
    }
    return max;
  }

  private static double sumExp(int columns, float[] x, int at, float max) {
    double sum = 0;
    for (int i = 0; i < columns; i++) {
      sum += Math.exp((double) x[at + i] - max);
    }
    return sum;
  }
}
