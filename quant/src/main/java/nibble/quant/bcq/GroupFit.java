package nibble.quant.bcq;

import java.util.Arrays;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;

/** Finds the binary code of one group of weights by alternating least squares. */
final class GroupFit {
  private final double[] w;
  private final double[] f;
  private final int planes;
  private final boolean withOffset;

  /**
   * @param w the weights
   * @param f importance of each, not negative, not all 0
   * @param withOffset whether an offset is fitted too
   */
  GroupFit(double[] w, double[] f, int planes, boolean withOffset) {
    this.w = w;
    this.f = f;
    this.planes = planes;
    this.withOffset = withOffset;
  }

  /**
   * The code after {@code rounds} rounds. With an offset a second search starts from the uniform
   * grid, which is a binary code too, and the better result is kept; so the result is never worse
   * than that grid.
   */
  GroupCode best(int rounds) {
    GroupCode best = refined(greedy(), rounds);
    if (withOffset && planes >= IntFormat.MIN_BITS) {
      GroupCode other = refined(uniform(), rounds);
      best = other.error(w, f) < best.error(w, f) ? other : best;
    }
    return best.normalized();
  }

  /** Plane by plane: the signs of what is left, times its mean magnitude. */
  GroupCode greedy() {
    double total = Arrays.stream(f).sum();
    double offset = 0;
    if (withOffset) {
      for (int j = 0; j < w.length; j++) {
        offset += f[j] * w[j] / total;
      }
    }
    double[] rest = new double[w.length];
    for (int j = 0; j < w.length; j++) {
      rest[j] = w[j] - offset;
    }
    double[] scales = new double[planes];
    int[] codes = new int[w.length];
    for (int i = 0; i < planes; i++) {
      double sum = 0;
      for (int j = 0; j < w.length; j++) {
        sum += f[j] * Math.abs(rest[j]);
      }
      scales[i] = sum / total;
      for (int j = 0; j < w.length; j++) {
        boolean plus = rest[j] >= 0; // sign(0) is +1: there is no third symbol
        codes[j] |= plus ? 1 << i : 0;
        rest[j] -= plus ? scales[i] : -scales[i];
      }
    }
    return new GroupCode(scales, offset, codes);
  }

  private GroupCode uniform() {
    double min = Arrays.stream(w).min().orElse(0);
    double max = Arrays.stream(w).max().orElse(0);
    Grid grid = Grid.covering(IntFormat.asymmetric(planes), (float) min, (float) max);
    double[] scales = new double[planes];
    for (int i = 0; i < planes; i++) {
      scales[i] = 0.5 * grid.scale() * (1 << i);
    }
    double offset =
        grid.scale() * (0.5 * ((1 << planes) - 1) - (grid.zeroPoint() - grid.format().minCode()));
    int[] codes = new int[w.length];
    for (int j = 0; j < w.length; j++) {
      codes[j] = grid.quantize((float) w[j]) - grid.format().minCode();
    }
    return new GroupCode(scales, offset, codes);
  }

  /**
   * Both half-steps are exact minimisers, so the error never grows; where the ridge of a singular
   * system spoils that, the loop ends.
   */
  GroupCode refined(GroupCode start, int rounds) {
    GroupCode current = start;
    double error = current.error(w, f);
    for (int round = 0; round < rounds; round++) {
      GroupCode next = leastSquares(current.codes()).reassigned(w);
      double nextError = next.error(w, f);
      if (nextError > error) {
        break;
      }
      boolean settled = Arrays.equals(next.codes(), current.codes()) && nextError == error;
      current = next;
      error = nextError;
      if (settled) {
        break;
      }
    }
    return current;
  }

  /** The scales, and the offset, that fit given codes best: {@code (B^T F B) a = B^T F w}. */
  GroupCode leastSquares(int[] codes) {
    int n = planes + (withOffset ? 1 : 0);
    double[] gram = new double[n * n];
    double[] right = new double[n];
    double[] b = new double[n];
    for (int j = 0; j < w.length; j++) {
      for (int i = 0; i < n; i++) {
        b[i] = i == planes || (codes[j] >> i & 1) == 1 ? 1 : -1;
      }
      for (int i = 0; i < n; i++) {
        right[i] += f[j] * b[i] * w[j];
        for (int l = 0; l < n; l++) {
          gram[i * n + l] += f[j] * b[i] * b[l];
        }
      }
    }
    double[] solution = SmallLeastSquares.solve(gram, right, n);
    return new GroupCode(Arrays.copyOf(solution, planes), withOffset ? solution[planes] : 0, codes);
  }
}
