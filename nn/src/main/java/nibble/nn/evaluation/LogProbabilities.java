package nibble.nn.evaluation;

/** The logarithms of the probabilities of the next token, in double. */
final class LogProbabilities {
  private final double[] values;
  private final int best;

  /** From {@code count} logits. */
  LogProbabilities(float[] logits, int offset, int count) {
    int largest = 0;
    for (int i = 1; i < count; i++) {
      if (logits[offset + i] > logits[offset + largest]) {
        largest = i;
      }
    }
    double top = logits[offset + largest];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Math.exp(logits[offset + i] - top);
    }
    double shift = top + Math.log(sum);
    values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = logits[offset + i] - shift;
    }
    best = largest;
  }

  double negativeLogLikelihood(int token) {
    return -values[token];
  }

  /** The most probable token, the first of equal ones. */
  int best() {
    return best;
  }

  /** {@code KL(this || other)}, in nats. */
  double divergenceFrom(LogProbabilities other) {
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      double p = Math.exp(values[i]);
      if (p > 0) {
        sum += p * (values[i] - other.values[i]);
      }
    }
    return sum;
  }
}
