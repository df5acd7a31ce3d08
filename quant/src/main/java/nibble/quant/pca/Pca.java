package nibble.quant.pca;

import nibble.quant.linalg.SymmetricEigen;
import nibble.tensor.Tensor;

/**
 * Principal components of rows: the eigenvectors of their covariance, the largest first.
 *
 * @param width length of a row
 * @param variances {@code [width]}, not rising, not negative
 * @param directions {@code [width, width]}, one component a column, orthonormal
 */
public record Pca(int width, double[] variances, double[] directions) {

  /**
   * Of {@code rows [count, width]}.
   *
   * @throws IllegalArgumentException if there are fewer than two rows
   */
  public static Pca of(float[] rows, int count, int width) {
    if (count < 2 || rows.length < (long) count * width) {
      throw new IllegalArgumentException(
          "principal components need at least two rows of %d, found %d in %d values"
              .formatted(width, count, rows.length));
    }
    double[] mean = new double[width];
    for (int i = 0; i < count * width; i++) {
      mean[i % width] += rows[i] / (double) count;
    }
    double[] covariance = new double[width * width];
    double[] centred = new double[width];
    for (int row = 0; row < count; row++) {
      for (int i = 0; i < width; i++) {
        centred[i] = rows[row * width + i] - mean[i];
      }
      for (int i = 0; i < width; i++) {
        for (int j = 0; j <= i; j++) {
          covariance[i * width + j] += centred[i] * centred[j] / (count - 1);
        }
      }
    }
    for (int i = 0; i < width; i++) {
      for (int j = 0; j < i; j++) {
        covariance[j * width + i] = covariance[i * width + j];
      }
    }
    SymmetricEigen eigen = SymmetricEigen.of(covariance, width);
    double[] variances = eigen.values().clone();
    for (int i = 0; i < width; i++) {
      variances[i] = Math.max(0, variances[i]);
    }
    return new Pca(width, variances, eigen.vectors());
  }

  /** Share of the variance that the first {@code k} components hold; 1 where nothing varies. */
  public double explained(int k) {
    double all = 0;
    double first = 0;
    for (int i = 0; i < width; i++) {
      all += variances[i];
      first += i < k ? variances[i] : 0;
    }
    return all == 0 ? 1 : first / all;
  }

  /**
   * How many components hold {@code share} of the variance, rounded to the nearest multiple of
   * {@code step}, at least one step, at most all.
   */
  public int components(double share, int step) {
    int k = 1;
    while (k < width && explained(k) < share) {
      k++;
    }
    int rounded = Math.max(1, Math.round((float) k / step)) * step;
    return Math.min(width, rounded);
  }

  /**
   * The first {@code k} components as the weight {@code [k, width]} of a linear layer that projects
   * rows on them.
   */
  public Tensor projection(int k) {
    float[] weight = new float[k * width];
    for (int component = 0; component < k; component++) {
      for (int i = 0; i < width; i++) {
        weight[component * width + i] = (float) directions[i * width + component];
      }
    }
    return Tensor.of(weight, k, width);
  }
}
