package nibble.kernels.attention;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import nibble.kernels.parallel.WorkSplitter;

/**
 * Prints the speed of attention of codes beside float attention, on one thread: medians of the
 * ratios of rounds in which both run in turn. The argument is how many seconds a shape gets.
 */
final class SmoothedSpeed {
  private static final int[][]
      SHAPES = { // tokens, heads, heads of keys, elements of a head, causal
    {128, 12, 12, 32, 0},
    {197, 3, 3, 64, 0},
    {197, 12, 12, 64, 0},
    {512, 12, 12, 64, 0},
    {512, 32, 8, 64, 1},
    {2048, 4, 4, 64, 1},
    {1024, 8, 8, 128, 1},
  };

  private SmoothedSpeed() {}

  private record Round(double floats, double four, double eight) {}

  public static void main(String[] args) {
    double seconds = Double.parseDouble(args[0]);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      for (int[] shape : SHAPES) {
        List<Round> rounds = rounds(shape, seconds, serial);
        System.out.printf(
            Locale.ROOT,
            "%d tokens, %d/%d x %d%s: float %.2f ms, speed with 4 bits %.2f, with 8 bits %.2f%n",
            shape[0],
            shape[1],
            shape[2],
            shape[3],
            shape[4] == 1 ? ", causal" : "",
            median(rounds, Round::floats),
            median(rounds, round -> round.floats / round.four),
            median(rounds, round -> round.floats / round.eight));
      }
    }
  }

  /** Without the first third, in which Java compiles. */
  private static List<Round> rounds(int[] n, double seconds, WorkSplitter serial) {
    AttentionShape shape = new AttentionShape(1, n[0], n[0], n[1], n[2], n[3]);
    AttentionRule scaled = AttentionRule.scaled(n[3]);
    AttentionRule rule = n[4] == 1 ? scaled.causalFrom(0) : scaled;
    Random random = new Random(1);
    HeadView q = view(n[0], n[1], n[3], random);
    HeadView k = view(n[0], n[2], n[3], random);
    HeadView v = view(n[0], n[2], n[3], random);
    HeadView out = view(n[0], n[1], n[3], random);
    SmoothedScores four = new SmoothedScores(4, true, true);
    SmoothedScores eight = new SmoothedScores(8, true, true);
    Attention floats = Attention.best();
    SmoothedAttention codes = SmoothedAttention.best();
    List<Round> rounds = new ArrayList<>();
    long end = System.nanoTime() + (long) (seconds * 1e9);
    while (System.nanoTime() < end) {
      rounds.add(
          new Round(
              millis(() -> floats.forward(shape, rule, q, k, v, null, null, out, serial)),
              millis(() -> codes.forward(shape, rule, four, q, k, v, out, serial)),
              millis(() -> codes.forward(shape, rule, eight, q, k, v, out, serial))));
    }
    return rounds.subList(rounds.size() / 3, rounds.size());
  }

  private static double millis(Runnable call) {
    long start = System.nanoTime();
    call.run();
    return (System.nanoTime() - start) * 1e-6;
  }

  private static double median(List<Round> rounds, ToDoubleFunction<Round> of) {
    double[] values = rounds.stream().mapToDouble(of).sorted().toArray();
    return values[values.length / 2];
  }

  private static HeadView view(int rows, int heads, int headDim, Random random) {
    float[] array = new float[rows * heads * headDim];
    for (int i = 0; i < array.length; i++) {
      array[i] = (float) random.nextGaussian();
    }
    return HeadView.of(array, 0, rows, heads, headDim);
  }
}
