package nibble.kernels.lowbit;

import java.lang.foreign.MemorySegment;

/**
 * How many products of one weight may be added before a sum can leave a given range. The codes are
 * known, so the bound is theirs and not that of their bit width: most weights are far smaller than
 * the largest.
 */
final class ExactChunks {
  private final IntWeights weights;

  /** The last answer: the question in the upper half. A race computes it twice. */
  private volatile long last = -1;

  ExactChunks(IntWeights weights) {
    this.weights = weights;
  }

  /**
   * Inputs of the longest chunks, a multiple of {@link IntWeights#INPUT_STEP}, into which all
   * groups can be cut evenly so that in no row and chunk the absolute levels add up to more than
   * {@code mostLevels}; 0 if there are none. Computed at the first call.
   */
  int inputs(int mostLevels) {
    long answer = last;
    if (answer >>> 32 != mostLevels) {
      answer = (long) mostLevels << 32 | longest(mostLevels);
      last = answer;
    }
    return (int) answer;
  }

  private int longest(int mostLevels) {
    int lines = Math.ceilDiv(weights.groupSize(), IntWeights.INPUT_STEP);
    if ((long) lines * IntWeights.INPUT_STEP * weights.maxLevel() <= mostLevels) {
      return lines * IntWeights.INPUT_STEP;
    }
    short[] sums = stepSums(lines);
    for (int chunk = lines, parts = 1; ; chunk = Math.ceilDiv(lines, ++parts)) {
      if (holds(sums, lines, chunk, mostLevels)) {
        return chunk * IntWeights.INPUT_STEP;
      }
      if (chunk == 1) {
        return 0;
      }
    }
  }

  /** Sums of absolute levels of each input step, {@code [row][group][lines]}. */
  private short[] stepSums(int lines) {
    int perStep = IntWeights.INPUT_STEP / weights.inputsPerWord();
    int groups = weights.groups();
    short[] sums = new short[Math.multiplyExact(weights.out(), groups * lines)];
    for (int row = 0, at = 0; row < weights.out(); row++) {
      long word = weights.lineAt(row);
      for (int group = 0; group < groups; group++) {
        int zero = weights.storedZeroPoint(row, group);
        for (int line = 0; line < lines; line++, at++) {
          int sum = 0;
          for (int i = 0; i < perStep; i++, word += IntWeights.LINE) {
            sum += absoluteLevels(weights.segment(), word, weights.containerBits(), zero);
          }
          sums[at] = (short) sum;
        }
      }
    }
    return sums;
  }

  private static int absoluteLevels(MemorySegment segment, long at, int bits, int zero) {
    int word = segment.get(IntWeights.WORD, at);
    int sum = 0;
    for (int shift = 0; shift < 32; shift += bits) {
      sum += Math.abs((word >>> shift & (1 << bits) - 1) - zero);
    }
    return sum;
  }

  private static boolean holds(short[] sums, int lines, int chunk, int most) {
    for (int group = 0; group < sums.length; group += lines) {
      for (int first = 0; first < lines; first += chunk) {
        int sum = 0;
        for (int i = first; i < Math.min(lines, first + chunk); i++) {
          sum += sums[group + i];
        }
        if (sum > most) {
          return false;
        }
      }
    }
    return true;
  }
}
