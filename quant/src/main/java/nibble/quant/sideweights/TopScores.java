package nibble.quant.sideweights;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Marks the elements with the largest scores; of equal ones those that come first. */
public final class TopScores {
  private TopScores() {}

  /** The {@code count} largest of one array. */
  public static boolean[] of(double[] scores, int count) {
    return of(Map.of("", scores), count).getOrDefault("", new boolean[0]);
  }

  /** The {@code count} largest of all arrays together. NaN counts as the smallest. */
  public static Map<String, boolean[]> of(Map<String, double[]> scores, int count) {
    double[] all =
        scores.values().stream()
            .flatMapToDouble(Arrays::stream)
            .map(s -> Double.isNaN(s) ? Double.NEGATIVE_INFINITY : s)
            .sorted()
            .toArray();
    int kept = Math.min(count, all.length);
    double threshold = kept == 0 ? Double.POSITIVE_INFINITY : all[all.length - kept];
    long above = Arrays.stream(all).filter(s -> s > threshold).count();
    long ties = kept == 0 ? 0 : kept - above;
    Map<String, boolean[]> marks = new LinkedHashMap<>();
    for (Map.Entry<String, double[]> entry : scores.entrySet()) {
      double[] own = entry.getValue();
      boolean[] mark = new boolean[own.length];
      for (int i = 0; i < own.length; i++) {
        boolean tie = own[i] == threshold && ties > 0;
        ties -= tie ? 1 : 0;
        mark[i] = kept > 0 && (own[i] > threshold || tie);
      }
      marks.put(entry.getKey(), mark);
    }
    return marks;
  }
}
