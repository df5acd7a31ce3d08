package nibble.cli.command;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.PeakMemory;
import nibble.cli.terminal.Progress;
import nibble.cli.terminal.Table;
import nibble.loaders.api.Embedder;
import nibble.loaders.data.SentencePairs;
import nibble.nn.evaluation.Correlation;
import org.jspecify.annotations.Nullable;

/**
 * What {@code nibble eval} does with pairs of sentences: how alike the vectors of a pair are,
 * against how alike people find them.
 */
final class SentenceEvaluation {
  private static final int PAIRS = 64;

  private final Console console;
  private final CommonOptions common;

  SentenceEvaluation(Console console, CommonOptions common) {
    this.console = console;
    this.common = common;
  }

  /**
   * What was measured.
   *
   * @param spearman rank correlation of the cosines with the scores
   * @param referenceSpearman that of the reference; NaN without one
   * @param cosine mean cosine of a sentence's vector with that of the reference; NaN without one
   */
  private record Outcome(
      int pairs, double spearman, double referenceSpearman, double cosine, double seconds) {}

  /** Measures {@code model}, beside {@code reference} if there is one, and prints the result. */
  void run(String model, @Nullable String reference, Path file) {
    SentencePairs pairs = SentencePairs.read(file);
    Outcome outcome;
    try (Embedder embedder = open(model)) {
      if (reference == null) {
        outcome = measure(embedder, null, pairs);
      } else {
        try (Embedder other = open(reference)) {
          if (other.dimension() != embedder.dimension()) {
            throw CommandFailure.failed(
                "%s gives vectors of %d numbers, %s of %d; they cannot be compared"
                    .formatted(model, embedder.dimension(), reference, other.dimension()));
          }
          outcome = measure(embedder, other, pairs);
        }
      }
    }
    print(outcome);
  }

  private Embedder open(String model) {
    return Embedder.builder(OpenModel.folder(model)).threads(common.threads()).open();
  }

  private Outcome measure(Embedder embedder, @Nullable Embedder reference, SentencePairs all) {
    List<SentencePairs.Pair> pairs = all.pairs();
    double[] cosines = new double[pairs.size()];
    double[] expected = new double[pairs.size()];
    double sameness = 0;
    long nanos = 0;
    try (Progress progress = console.progress("eval", pairs.size(), "pairs")) {
      for (int from = 0; from < cosines.length; from += PAIRS) {
        List<SentencePairs.Pair> batch =
            pairs.subList(from, Math.min(cosines.length, from + PAIRS));
        List<String> first = batch.stream().map(SentencePairs.Pair::first).toList();
        List<String> second = batch.stream().map(SentencePairs.Pair::second).toList();
        long start = System.nanoTime();
        List<float[]> a = embedder.embed(first);
        List<float[]> b = embedder.embed(second);
        nanos += System.nanoTime() - start;
        fill(cosines, from, a, b);
        if (reference != null) {
          List<float[]> expectedA = reference.embed(first);
          List<float[]> expectedB = reference.embed(second);
          fill(expected, from, expectedA, expectedB);
          for (int i = 0; i < a.size(); i++) {
            sameness += cosine(a.get(i), expectedA.get(i)) + cosine(b.get(i), expectedB.get(i));
          }
        }
        progress.to(from + batch.size());
      }
    }
    double[] scores = pairs.stream().mapToDouble(SentencePairs.Pair::score).toArray();
    boolean compared = reference != null;
    return new Outcome(
        cosines.length,
        Correlation.spearman(scores, cosines),
        compared ? Correlation.spearman(scores, expected) : Double.NaN,
        compared ? sameness / (2 * cosines.length) : Double.NaN,
        nanos * 1e-9);
  }

  private static void fill(double[] cosines, int from, List<float[]> a, List<float[]> b) {
    for (int i = 0; i < a.size(); i++) {
      cosines[from + i] = cosine(a.get(i), b.get(i));
    }
  }

  private static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return ab / Math.sqrt(aa * bb);
  }

  private void print(Outcome outcome) {
    boolean compared = !Double.isNaN(outcome.cosine());
    double rate = 2 * outcome.pairs() / outcome.seconds();
    if (common.json()) {
      JsonOut result =
          JsonOut.result()
              .put("pairs", outcome.pairs())
              .put("spearman", outcome.spearman())
              .put("seconds", outcome.seconds())
              .put("sentences_per_second", rate);
      if (compared) {
        result
            .put("reference_spearman", outcome.referenceSpearman())
            .put("cosine", outcome.cosine());
      }
      PeakMemory.bytes().ifPresent(bytes -> result.put("peak_bytes", bytes));
      result.print(console.out());
      return;
    }
    Table table = new Table("measure", "value").alignRight(1);
    table.row("pairs", String.format(Locale.ROOT, "%,d", outcome.pairs()));
    table.row("Spearman correlation", String.format(Locale.ROOT, "%.4f", outcome.spearman()));
    if (compared) {
      table.row(
          "Spearman correlation of reference",
          String.format(Locale.ROOT, "%.4f", outcome.referenceSpearman()));
      table.row(
          "cosine with vectors of reference", String.format(Locale.ROOT, "%.6f", outcome.cosine()));
    }
    table.row("sentences/s", String.format(Locale.ROOT, "%.0f", rate));
    PeakMemory.bytes()
        .ifPresent(
            bytes ->
                table.row(
                    "peak memory of the process",
                    String.format(Locale.ROOT, "%,d MB", bytes / 1_000_000)));
    table.print(console.out());
  }
}
