package nibble.quant.adalog;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Fast progressive combining search over pairs of a scale and an integer (a zero point, or the q of
 * a logarithmic grid): scores a coarse grid, keeps the best pairs, and tries finer scales and
 * neighbouring integers around each of them, again and again.
 *
 * <p>Wu, Chen, Zhong, Huang, Wang: <a href="https://arxiv.org/abs/2407.12951">arXiv:2407.12951</a>,
 * section 3.4. The widths of steps are our own.
 *
 * @param width pairs that survive a round
 * @param rounds of refinement
 */
record Fpcs(int width, int rounds) {
  private static final double FIRST_STEP = 0.05;
  private static final int SCALES = 4;

  /** A scale and an integer. */
  record Pair(float scale, int integer) {}

  /**
   * The pair with the lowest score.
   *
   * @param seeds the coarse grid, at least one
   * @param score lower is better; infinite for a pair that is not possible
   */
  Pair search(List<Pair> seeds, ToDoubleFunction<Pair> score) {
    Map<Pair, Double> known = new LinkedHashMap<>();
    List<Pair> best = best(seeds, known, score);
    double step = FIRST_STEP;
    for (int round = 0; round < rounds; round++) {
      List<Pair> next = new ArrayList<>(best);
      for (Pair pair : best) {
        for (int i = -SCALES; i <= SCALES; i++) {
          float scale = (float) (pair.scale() * (1 + step * i / SCALES));
          for (int j = -1; j <= 1; j++) {
            if ((i == 0) != (j == 0) && scale > 0) {
              next.add(new Pair(scale, pair.integer() + j));
            }
          }
        }
      }
      best = best(next, known, score);
      step /= 2;
    }
    return best.getFirst();
  }

  private List<Pair> best(List<Pair> pairs, Map<Pair, Double> known, ToDoubleFunction<Pair> score) {
    return pairs.stream()
        .distinct()
        .sorted(
            Comparator.comparingDouble(pair -> known.computeIfAbsent(pair, score::applyAsDouble)))
        .limit(width)
        .toList();
  }
}
