package nibble.quant.gptq;

import java.util.Comparator;
import java.util.stream.IntStream;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.linalg.NotPositiveDefiniteException;
import nibble.quant.linalg.Triangular;
import nibble.quant.observer.Hessian;
import org.jspecify.annotations.Nullable;

/**
 * A Hessian made ready for the column loop; layers that share their input (query, key, value) share
 * it.
 *
 * <p>The card's {@code U} with {@code H^-1 = U^T U} is found without inverting H: {@code H = R R^T}
 * with R upper triangular, and {@code U = R^-1}. That is a third of the work and loses fewer
 * digits.
 *
 * @param u {@code U [in, in]} upper triangular, rows and columns in the loop's order
 * @param columns {@code columns[i]} is the column of the weight at place {@code i} of the loop
 * @param quantized places {@code 0 .. quantized} are rounded; the frozen columns follow
 * @param dead by column of the weight: inputs that were 0 in all calibration data
 * @param lambda what was added to its diagonal
 * @param retries how often lambda had to be raised
 */
record HessianFactor(
    double[] u, int[] columns, int quantized, boolean[] dead, double lambda, int retries) {
  private static final int MAX_RETRIES = 50;

  static HessianFactor of(
      Hessian hessian, GptqOptions options, boolean @Nullable [] frozen, WorkSplitter splitter) {
    int n = hessian.in();
    double[] diagonal = diagonal(hessian);
    double mean = mean(diagonal);
    boolean[] dead = new boolean[n];
    for (int j = 0; j < n; j++) {
      dead[j] = diagonal[j] == 0;
      if (dead[j]) {
        diagonal[j] = mean;
      }
    }
    int[] columns = order(diagonal, options.order(), frozen);
    int quantized =
        frozen == null ? n : (int) IntStream.range(0, n).filter(j -> !frozen[j]).count();
    double lambda = options.dampening() * mean;
    for (int retry = 0; ; retry++) {
      try {
        double[] r =
            Triangular.reverseCholeskyInPlace(
                damped(hessian, diagonal, lambda, columns), n, splitter);
        return new HessianFactor(
            Triangular.invertUpper(r, n, splitter), columns, quantized, dead, lambda, retry);
      } catch (NotPositiveDefiniteException e) {
        if (retry == MAX_RETRIES) {
          throw new IllegalArgumentException(
              "%s: Hessian is not positive definite even with %s added to its diagonal"
                  .formatted(hessian.name(), lambda),
              e);
        }
        lambda = Math.max(2 * lambda, 1e-6 * mean);
      }
    }
  }

  private static double[] diagonal(Hessian hessian) {
    int n = hessian.in();
    double[] diagonal = new double[n];
    for (int j = 0; j < n; j++) {
      diagonal[j] = hessian.values()[j * n + j];
      if (diagonal[j] < 0) {
        throw new IllegalArgumentException(
            "%s: Hessian diagonal %d is %s, expected no negative number"
                .formatted(hessian.name(), j, diagonal[j]));
      }
    }
    return diagonal;
  }

  /** Mean over the inputs that are not dead; 1 if all are. */
  private static double mean(double[] diagonal) {
    double sum = 0;
    int alive = 0;
    for (double value : diagonal) {
      sum += value;
      alive += value == 0 ? 0 : 1;
    }
    return alive == 0 ? 1 : sum / alive;
  }

  private static int[] order(double[] diagonal, ColumnOrder order, boolean @Nullable [] frozen) {
    Comparator<Integer> key = Comparator.comparing(j -> frozen != null && frozen[j]);
    if (order == ColumnOrder.BY_HESSIAN_DIAGONAL) {
      key = key.thenComparingDouble(j -> -diagonal[j]);
    }
    return IntStream.range(0, diagonal.length)
        .boxed()
        .sorted(key)
        .mapToInt(j -> j)
        .toArray(); // stable: ties keep the stored order
  }

  /** The Hessian with this diagonal and lambda added to it, in the order of the loop. */
  private static double[] damped(Hessian hessian, double[] diagonal, double lambda, int[] columns) {
    int n = hessian.in();
    double[] h = hessian.values();
    double[] damped = new double[h.length];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        damped[i * n + j] = h[columns[i] * n + columns[j]];
      }
      damped[i * n + i] = diagonal[columns[i]] + lambda;
    }
    return damped;
  }
}
