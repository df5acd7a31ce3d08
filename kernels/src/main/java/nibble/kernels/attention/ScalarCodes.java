package nibble.kernels.attention;

/**
 * Queries or keys of one head as {@link SmoothedScores} makes them, one element after the other.
 *
 * @param depth elements of a row
 * @param block rows that share a scale, and a mean where each block has its own
 * @param rest {@code [rows, depth]}, what is left without the mean
 * @param codes {@code [rows, depth]}
 * @param means {@code [blocks, depth]}
 * @param scales {@code [blocks]}
 */
record ScalarCodes(int depth, int block, float[] rest, int[] codes, float[] means, float[] scales) {

  /** What the mean is taken over. */
  enum Mean {
    NONE,
    BLOCK,
    ALL
  }

  static ScalarCodes of(
      SmoothedScores how, HeadView x, int b, int head, int rows, int depth, int block, Mean mean) {
    int blocks = Math.ceilDiv(rows, block);
    float[] rest = new float[rows * depth];
    int[] codes = new int[rows * depth];
    float[] means = new float[blocks * depth];
    float[] scales = new float[blocks];
    for (int i = 0; i < blocks; i++) {
      int from = i * block;
      int to = Math.min(rows, from + block);
      float[] m =
          switch (mean) {
            case NONE -> new float[depth];
            case BLOCK -> mean(x, b, head, from, to, depth);
            case ALL -> mean(x, b, head, 0, rows, depth);
          };
      System.arraycopy(m, 0, means, i * depth, depth);
      float largest = 0;
      for (int row = from; row < to; row++) {
        for (int c = 0; c < depth; c++) {
          float left = x.array()[x.at(b, row, head) + c] - m[c];
          rest[row * depth + c] = left;
          largest = Math.max(largest, Math.abs(left)); // NaN stays
        }
      }
      scales[i] = how.scale(largest);
      for (int at = from * depth; at < to * depth; at++) {
        codes[at] = (int) SmoothedScores.code(rest[at], 1 / scales[i]);
      }
    }
    return new ScalarCodes(depth, block, rest, codes, means, scales);
  }

  private static float[] mean(HeadView x, int b, int head, int from, int to, int depth) {
    float[] sums = new float[depth];
    for (int row = from; row < to; row++) {
      for (int c = 0; c < depth; c++) {
        sums[c] += x.array()[x.at(b, row, head) + c];
      }
    }
    for (int c = 0; c < depth; c++) {
      sums[c] *= 1f / (to - from);
    }
    return sums;
  }

  float scale(int row) {
    return scales[row / block];
  }

  /** The sum of products of the codes of two rows. */
  long product(int row, ScalarCodes other, int otherRow) {
    long sum = 0;
    for (int c = 0; c < depth; c++) {
      sum += (long) codes[row * depth + c] * other.codes[otherRow * depth + c];
    }
    return sum;
  }

  /** The mean of a row's block times what is left of a row of {@code other}. */
  double meanTimes(int row, ScalarCodes other, int otherRow) {
    double sum = 0;
    for (int c = 0; c < depth; c++) {
      sum += (double) means[row / block * depth + c] * other.rest[otherRow * depth + c];
    }
    return sum;
  }
}
