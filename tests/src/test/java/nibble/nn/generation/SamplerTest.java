package nibble.nn.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final int DRAWS = 400;

  /**
   * Only tokens that the definition allows come, and with enough draws each that has a fair share.
   */
  @Property(tries = 60)
  void drawsWhatTheDefinitionAllows(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 20) int vocabulary,
      @ForAll @DoubleRange(min = 0.2, max = 3) double temperature,
      @ForAll @IntRange(max = 8) int topK,
      @ForAll @DoubleRange(min = 0.1, max = 1) double topP,
      @ForAll @DoubleRange(max = 0.5) double minP) {
    float[] logits = RandomModels.gaussian(new Random(seed), vocabulary, 0, 2);
    Sampler sampler = new Sampler(new SamplingOptions(temperature, topK, topP, minP, 1, seed));
    double[] allowed = allowed(logits, temperature, topK, topP, minP);
    Set<Integer> drawn = new HashSet<>();
    for (int i = 0; i < DRAWS; i++) {
      int id = sampler.next(logits.clone(), new int[0], 0);
      assertTrue(allowed[id] > 0, "token " + id + " is not allowed");
      drawn.add(id);
    }
    for (int id = 0; id < vocabulary; id++) {
      assertTrue(
          allowed[id] < 0.05 || drawn.contains(id),
          "token " + id + " of probability " + allowed[id] + " never came"); // 0.95^400 = 1e-9
    }
  }

  /** Probabilities after all steps, straight from their definition. */
  private static double[] allowed(
      float[] logits, double temperature, int topK, double topP, double minP) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < logits.length; i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingDouble((Integer i) -> -logits[i]));
    List<Integer> kept = topK == 0 ? order : order.subList(0, Math.min(topK, order.size()));
    double sum = kept.stream().mapToDouble(i -> Math.exp(logits[i] / temperature)).sum();
    double[] result = new double[logits.length];
    double reached = 0;
    double best = Math.exp(logits[order.getFirst()] / temperature) / sum;
    for (int i : kept) {
      double p = Math.exp(logits[i] / temperature) / sum;
      if (reached < topP - 1e-12 && p >= minP * best * (1 - 1e-12)) {
        result[i] = p;
      }
      reached += p;
    }
    return result;
  }

  @Property(tries = 40)
  void frequenciesFollowTheProbabilities(@ForAll long seed) {
    float[] logits = {0, (float) Math.log(2), (float) Math.log(5)};
    Sampler sampler = new Sampler(new SamplingOptions(1, 0, 1, 0, 1, seed));
    int[] count = new int[3];
    for (int i = 0; i < 4000; i++) {
      count[sampler.next(logits.clone(), new int[0], 0)]++;
    }
    for (int i = 0; i < 3; i++) {
      double p = Math.exp(logits[i]) / 8;
      assertEquals(
          4000 * p,
          count[i],
          6 * Math.sqrt(4000 * p * (1 - p)),
          "token " + i); // six standard deviations
    }
  }

  @Test
  void greedyTakesTheLargestAndTheFirstOfEqualOnes() {
    Sampler greedy = new Sampler(SamplingOptions.GREEDY);
    assertEquals(1, greedy.next(new float[] {1, 3, 3, -2}, new int[0], 0));
    Sampler one = new Sampler(new SamplingOptions(1, 1, 1, 0, 1, 5));
    assertEquals(1, one.next(new float[] {1, 3, 3, -2}, new int[0], 0));
  }

  /**
   * A positive logit is divided, a negative one multiplied, once however often the token occurred.
   */
  @Test
  void repetitionPenaltyChangesLogitsOfWhatOccurred() {
    Sampler sampler = new Sampler(new SamplingOptions(0, 0, 1, 0, 2, 0));
    float[] logits = {4, 3, -1, -1.5f};
    assertEquals(1, sampler.next(logits, new int[] {0, 0, 2, 9}, 3));
    assertEquals(2, logits[0], 0);
    assertEquals(3, logits[1], 0);
    assertEquals(-2, logits[2], 0);
    assertEquals(-1.5f, logits[3], 0);
  }

  @Test
  void theSameSeedDrawsTheSame() {
    SamplingOptions options = new SamplingOptions(1.5, 0, 0.9, 0, 1.1, 42);
    assertEquals(drawn(options), drawn(options));
    assertTrue(!drawn(options).equals(drawn(new SamplingOptions(1.5, 0, 0.9, 0, 1.1, 43))));
  }

  private static List<Integer> drawn(SamplingOptions options) {
    Sampler sampler = new Sampler(options);
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      ids.add(sampler.next(RandomModels.gaussian(new Random(i), 30, 0, 1), new int[] {3}, 1));
    }
    return ids;
  }

  @Test
  void damagedLogitsAreRefused() {
    Sampler sampler = new Sampler(new SamplingOptions(1, 0, 1, 0, 1, 0));
    assertThrows(
        ArithmeticException.class, () -> sampler.next(new float[] {1, Float.NaN}, new int[0], 0));
    assertThrows(
        ArithmeticException.class,
        () -> sampler.next(new float[] {Float.NEGATIVE_INFINITY}, new int[0], 0));
    assertEquals(0, sampler.next(new float[] {1, Float.NEGATIVE_INFINITY}, new int[0], 0));
  }

  @Test
  void wrongOptionsAreNamed() {
    assertThrows(IllegalArgumentException.class, () -> new SamplingOptions(-1, 0, 1, 0, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> new SamplingOptions(1, -1, 1, 0, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> new SamplingOptions(1, 0, 0, 0, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> new SamplingOptions(1, 0, 1, 1, 1, 0));
    assertThrows(
        IllegalArgumentException.class, () -> new SamplingOptions(1, 0, 1, 0, Double.NaN, 0));
  }
}
