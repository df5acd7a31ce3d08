package nibble.nn.generation;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Chooses the tokens of one sequence. It has its own random numbers, so what it draws depends on
 * its seed and on the logits that it was given, not on other sequences or on threads. Not
 * thread-safe.
 */
public final class Sampler {
  private final SamplingOptions options;
  private final SplittableRandom random;

  /** A sampler at the beginning of its random numbers. */
  public Sampler(SamplingOptions options) {
    this.options = options;
    random = new SplittableRandom(options.seed());
  }

  /**
   * The next token. Ties go to the smaller id.
   *
   * @param logits of the whole vocabulary; overwritten
   * @param history tokens so far, of which the first {@code length} count
   * @throws ArithmeticException if no logit is finite
   */
  public int next(float[] logits, int[] history, int length) {
    penalize(logits, history, length);
    int best = largest(logits);
    if (options.temperature() == 0 || options.topK() == 1) {
      return best;
    }
    return draw(candidates(logits, best));
  }

  private void penalize(float[] logits, int[] history, int length) {
    if (options.repetitionPenalty() == 1) {
      return;
    }
    float penalty = (float) options.repetitionPenalty();
    int[] seen = Arrays.copyOf(history, length);
    Arrays.sort(seen);
    for (int i = 0; i < length; i++) {
      if (i == 0 || seen[i] != seen[i - 1]) {
        float logit = logits[seen[i]];
        logits[seen[i]] = logit > 0 ? logit / penalty : logit * penalty;
      }
    }
  }

  private static int largest(float[] logits) {
    int best = -1;
    for (int i = 0; i < logits.length; i++) {
      if (Float.isNaN(logits[i]) || logits[i] == Float.POSITIVE_INFINITY) {
        throw new ArithmeticException(
            "the model gave the logit "
                + logits[i]
                + " to token "
                + i
                + "; its weights or its input are damaged");
      }
      if (best < 0 || logits[i] > logits[best]) {
        best = i;
      }
    }
    if (best < 0 || logits[best] == Float.NEGATIVE_INFINITY) {
      throw new ArithmeticException(
          "the model gave no token a finite logit; its weights or its input are damaged");
    }
    return best;
  }

  /**
   * Tokens that may be drawn, the most probable first, with their unnormalised probabilities {@code
   * e^((logit - best) / temperature)}.
   */
  private record Candidates(int[] ids, double[] weights, int count) {}

  private Candidates candidates(float[] logits, int best) {
    double inverse = 1 / options.temperature();
    double top = logits[best];
    Candidates all = sorted(logits);
    double[] weights = all.weights;
    double sum = 0;
    int count = options.topK() > 0 ? Math.min(options.topK(), all.count) : all.count;
    for (int i = 0; i < count; i++) {
      weights[i] = Math.exp((logits[all.ids[i]] - top) * inverse);
      sum += weights[i];
    }
    count = nucleus(weights, count, sum);
    while (count > 1 && weights[count - 1] < options.minP() * weights[0]) {
      count--;
    }
    return new Candidates(all.ids, weights, count);
  }

  /** The fewest first candidates whose weights reach {@code topP} of {@code sum}. */
  private int nucleus(double[] weights, int count, double sum) {
    if (options.topP() >= 1) {
      return count;
    }
    double reached = 0;
    for (int i = 0; i < count; i++) {
      reached += weights[i];
      if (reached >= options.topP() * sum) {
        return i + 1;
      }
    }
    return count;
  }

  /** All ids by falling logit, equal ones by rising id. */
  private static Candidates sorted(float[] logits) {
    long[] keys = new long[logits.length];
    for (int i = 0; i < keys.length; i++) {
      int bits = Float.floatToIntBits(logits[i] + 0f); // -0 and 0 are equal
      int ascending = bits < 0 ? ~bits : bits | 0x80000000; // unsigned order of the floats
      keys[i] = (long) ~ascending << 32 | i;
    }
    sortUnsigned(keys);
    int[] ids = new int[keys.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) keys[i];
    }
    return new Candidates(ids, new double[ids.length], ids.length);
  }

  private static void sortUnsigned(long[] keys) {
    for (int i = 0; i < keys.length; i++) {
      keys[i] ^= Long.MIN_VALUE;
    }
    Arrays.sort(keys);
  }

  private int draw(Candidates candidates) {
    double sum = 0;
    for (int i = 0; i < candidates.count; i++) {
      sum += candidates.weights[i];
    }
    double at = random.nextDouble() * sum;
    int i = 0;
    for (; i < candidates.count - 1; i++) {
      at -= candidates.weights[i];
      if (at < 0) {
        break;
      }
    }
    return candidates.ids[i];
  }
}
