package nibble.quant.bcq;

import java.util.Arrays;

/**
 * One group in binary coding: {@code w_j = offset + sum over i of scales[i] * (bit i of codes[j] ?
 * 1 : -1)}.
 *
 * @param scales one for each plane, not negative, largest first
 * @param codes bit i is the sign of plane i, set for +1; all planes with scale 0 are +1
 */
record GroupCode(double[] scales, double offset, int[] codes) {

  int planes() {
    return scales.length;
  }

  /** Value of a code. */
  double level(int code) {
    double value = offset;
    for (int i = 0; i < scales.length; i++) {
      value += (code >> i & 1) == 1 ? scales[i] : -scales[i];
    }
    return value;
  }

  /** Sum of {@code f_j (w_j - level(codes[j]))^2}. */
  double error(double[] w, double[] f) {
    double sum = 0;
    for (int j = 0; j < w.length; j++) {
      double d = w[j] - level(codes[j]);
      sum += f[j] * d * d;
    }
    return sum;
  }

  /**
   * The same scales with every weight on its nearest level; the higher level wins a tie, as sign(0)
   * = +1.
   */
  GroupCode reassigned(double[] w) {
    int count = 1 << planes();
    Integer[] order = new Integer[count];
    Arrays.setAll(order, c -> c);
    Arrays.sort(order, (a, b) -> Double.compare(level(a), level(b)));
    double[] borders = new double[count - 1];
    for (int i = 0; i < borders.length; i++) {
      borders[i] = 0.5 * (level(order[i]) + level(order[i + 1]));
    }
    int[] assigned = new int[w.length];
    for (int j = 0; j < w.length; j++) {
      int place = Arrays.binarySearch(borders, w[j]);
      assigned[j] = order[place >= 0 ? place + 1 : -place - 1];
    }
    return new GroupCode(scales, offset, assigned);
  }

  /**
   * Negative scales made positive, planes ordered by scale, planes without a scale set to +1. The
   * values stay the same.
   */
  GroupCode normalized() {
    int k = planes();
    Integer[] order = new Integer[k];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Double.compare(Math.abs(scales[b]), Math.abs(scales[a])));
    double[] sorted = new double[k];
    int[] recoded = new int[codes.length];
    for (int i = 0; i < k; i++) {
      double scale = scales[order[i]];
      sorted[i] = Math.abs(scale);
      for (int j = 0; j < codes.length; j++) {
        boolean plus = scale == 0 || (codes[j] >> order[i] & 1) == (scale > 0 ? 1 : 0);
        recoded[j] |= plus ? 1 << i : 0;
      }
    }
    return new GroupCode(sorted, offset, recoded);
  }
}
