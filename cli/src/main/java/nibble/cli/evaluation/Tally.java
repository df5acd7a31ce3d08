package nibble.cli.evaluation;

import org.jspecify.annotations.Nullable;

/** Adds up the score, batch by batch. */
final class Tally {
  private final int classes;
  private long count;
  private long first;
  private long firstFive;
  private long agreeing;
  private double squares;
  private double divergence;

  Tally(int classes) {
    this.classes = classes;
  }

  void add(float[] logits, int[] labels, float @Nullable [] reference) {
    for (int i = 0; i < labels.length; i++) {
      int at = i * classes;
      int place = Ranking.place(logits, at, classes, labels[i]);
      first += place == 0 ? 1 : 0;
      firstFive += place < 5 ? 1 : 0;
      if (reference != null) {
        compare(logits, reference, at);
      }
    }
    count += labels.length;
  }

  private void compare(float[] logits, float[] reference, int at) {
    agreeing += Ranking.best(logits, at, classes) == Ranking.best(reference, at, classes) ? 1 : 0;
    double ours = logSum(logits, at);
    double theirs = logSum(reference, at);
    for (int c = at; c < at + classes; c++) {
      double difference = (double) logits[c] - reference[c];
      squares += difference * difference;
      double logP = reference[c] - theirs;
      divergence += Math.exp(logP) * (logP - (logits[c] - ours));
    }
  }

  private double logSum(float[] logits, int at) {
    double most = logits[at + Ranking.best(logits, at, classes)];
    double sum = 0;
    for (int c = at; c < at + classes; c++) {
      sum += Math.exp(logits[c] - most);
    }
    return most + Math.log(sum);
  }

  Score score(boolean compared, double seconds) {
    double n = count;
    Score.Comparison comparison =
        compared
            ? new Score.Comparison(agreeing / n, squares / (n * classes), divergence / n)
            : null;
    return new Score(count, first / n, firstFive / n, comparison, seconds);
  }
}
