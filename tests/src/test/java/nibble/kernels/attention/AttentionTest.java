package nibble.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.rowwise.Softmax;
import org.junit.jupiter.api.Test;

class AttentionTest {
  private final Attention best = Attention.best();
  private final Attention scalar = new ScalarAttention();

  private static void agree(AttentionCase c, float[] expected, float[] actual) {
    double bound = c.bound();
    for (int i = 0; i < expected.length; i++) {
      assertEquals(
          expected[i], actual[i], bound, "element " + i + " of " + c.shape + ", " + c.rule);
    }
  }

  private void check(AttentionCase c) {
    try (WorkSplitter serial = WorkSplitter.serial()) {
      agree(c, c.run(scalar, serial), c.run(best, serial));
    }
  }

  @Property(tries = 60)
  void agreesWithTheScalarKernel(
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 60) int queries,
      @ForAll @IntRange(min = 1, max = 300) int keys,
      @ForAll @IntRange(min = 1, max = 2) int kvHeads,
      @ForAll @IntRange(min = 1, max = 3) int group,
      @ForAll @IntRange(min = 1, max = 70) int headDim,
      @ForAll boolean lengths,
      @ForAll boolean biased,
      @ForAll long seed) {
    AttentionShape shape =
        new AttentionShape(batch, queries, keys, kvHeads * group, kvHeads, headDim);
    AttentionCase c = new AttentionCase(shape, AttentionRule.scaled(headDim), seed);
    check(lengths ? c.withKeyLengths() : c);
    check(biased ? c.withBias() : c);
  }

  @Property(tries = 60)
  void agreesWithTheScalarKernelWhereQueriesSeeSomeKeysOnly(
      @ForAll @IntRange(min = 1, max = 60) int queries,
      @ForAll @IntRange(max = 260) int past,
      @ForAll @IntRange(min = 1, max = 200) int window,
      @ForAll @IntRange(min = 1, max = 9) int group,
      @ForAll @IntRange(min = 1, max = 40) int headDim,
      @ForAll boolean causal,
      @ForAll boolean windowed,
      @ForAll boolean capped,
      @ForAll long seed) {
    AttentionShape shape = new AttentionShape(1, queries, past + queries, group, 1, headDim);
    AttentionRule rule =
        causal ? AttentionRule.scaled(headDim).causalFrom(past) : AttentionRule.scaled(headDim);
    rule = windowed ? rule.withWindow(window) : rule;
    AttentionCase c = new AttentionCase(shape, capped ? rule.withSoftCap(1.5f) : rule, seed);
    check(c);
    check(c.withKeyLengths().withBias());
  }

  /**
   * A map that keeps differences small: times at most the number of heads, and up to 0.02 more for
   * each key, which the sum rounds.
   */
  @Property(tries = 60)
  void changedProbabilitiesMeetTheValues(
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 60) int queries,
      @ForAll @IntRange(min = 1, max = 256) int keys,
      @ForAll @IntRange(min = 1, max = 2) int kvHeads,
      @ForAll @IntRange(min = 1, max = 3) int group,
      @ForAll @IntRange(min = 1, max = 70) int headDim,
      @ForAll @IntRange(min = 1, max = 2) int workers,
      @ForAll long seed) {
    int heads = kvHeads * group;
    AttentionCase c =
        new AttentionCase(
            new AttentionShape(batch, queries, keys, heads, kvHeads, headDim),
            AttentionRule.scaled(headDim),
            seed);
    ProbabilityMap map =
        (head, count, factor, e, at) -> {
          assertEquals(keys, count);
          for (int j = 0; j < count; j++) {
            e[at + j] = (1 + head) * (factor * e[at + j]) + 0.01f * (j % 3);
          }
        };
    float largest = 0;
    for (float value : c.v.array()) {
      largest = Math.max(largest, Math.abs(value));
    }
    double bound = heads * c.bound() + 0.02 * keys * (keys + 4) * 0x1p-24 * largest;
    try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
      float[] expected = c.run(scalar, map, splitter);
      float[] actual = c.run(best, map, splitter);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], actual[i], bound, "element " + i + " of " + c.shape);
      }
    }
  }

  @Test
  void probabilitiesOfHiddenOrTooManyKeysAreNotChanged() {
    ProbabilityMap map = (head, count, factor, e, at) -> {};
    AttentionRule rule = AttentionRule.scaled(4);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      AttentionShape few = new AttentionShape(1, 9, 9, 1, 1, 4);
      for (AttentionRule hiding : new AttentionRule[] {rule.causalFrom(0), rule.withWindow(3)}) {
        AttentionCase c = new AttentionCase(few, hiding, 1);
        assertThrows(IllegalArgumentException.class, () -> c.run(best, map, serial));
        assertThrows(IllegalArgumentException.class, () -> c.run(scalar, map, serial));
      }
      int most = best.mostKeysTogether();
      if (most < 1000) {
        AttentionCase c = new AttentionCase(new AttentionShape(1, 9, most + 1, 1, 1, 4), rule, 1);
        assertThrows(IllegalArgumentException.class, () -> c.run(best, map, serial));
      }
    }
  }

  @Test
  void everyHeadLengthAndNumberOfKeysAroundAVector() {
    for (int headDim : new int[] {1, 15, 16, 17, 32, 33, 48, 63, 64, 65, 80, 96, 128}) {
      check(
          new AttentionCase(
              new AttentionShape(1, 13, 37, 1, 1, headDim),
              AttentionRule.scaled(headDim),
              headDim));
      check(
          new AttentionCase(
              new AttentionShape(1, 2, 37, 1, 1, headDim), AttentionRule.scaled(headDim), headDim));
    }
    for (int headDim : new int[] {1023, 1024, 1025, 2051}) { // longer than one call of a tile
      check(
          new AttentionCase(
              new AttentionShape(1, 13, 7, 1, 1, headDim), AttentionRule.scaled(headDim), headDim));
    }
    for (int keys : new int[] {254, 255, 256, 257, 511, 512, 513}) { // around blocks
      check(
          new AttentionCase(
              new AttentionShape(1, 9, keys, 1, 1, 4), AttentionRule.scaled(4), keys));
    }
    for (int keys = 0; keys < 140; keys++) {
      check(
          new AttentionCase(
              new AttentionShape(1, 9, keys, 1, 1, 4), AttentionRule.scaled(4), keys));
      check(
          new AttentionCase(
              new AttentionShape(1, 1, keys, 1, 1, 4), AttentionRule.scaled(4), keys));
    }
  }

  /** The same formula written with the other kernels. */
  @Test
  void equalsSoftmaxOfTheScoresTimesV() {
    int n = 50;
    int d = 24;
    AttentionCase c =
        new AttentionCase(new AttentionShape(1, n, n, 1, 1, d), AttentionRule.scaled(d), 7);
    float[] scores = new float[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double dot = 0;
        for (int e = 0; e < d; e++) {
          dot += (double) c.q.array()[c.q.at(0, i, 0) + e] * c.k.array()[c.k.at(0, j, 0) + e];
        }
        scores[i * n + j] = (float) (dot / Math.sqrt(d));
      }
    }
    Softmax.best().forward(n, n, scores, 0, scores, 0);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      for (Attention attention : new Attention[] {scalar, best}) {
        float[] out = c.run(attention, serial);
        for (int i = 0; i < n; i++) {
          for (int e = 0; e < d; e++) {
            double sum = 0;
            for (int j = 0; j < n; j++) {
              sum += (double) scores[i * n + j] * c.v.array()[c.v.at(0, j, 0) + e];
            }
            assertEquals(sum, out[3 + i * (d + 7) + e], c.bound());
          }
        }
      }
    }
  }

  /**
   * What a cache is for: the last rows of a causal attention over all tokens, from those queries
   * alone.
   */
  @Test
  void queriesBehindACacheEqualTheLastRowsOfTheWhole() {
    int tokens = 150;
    int d = 32;
    AttentionCase whole =
        new AttentionCase(
            new AttentionShape(1, tokens, tokens, 4, 2, d),
            AttentionRule.scaled(d).causalFrom(0),
            3);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      float[] all = whole.run(best, serial);
      int width = 4 * d;
      for (int count : new int[] {1, 2, 20}) {
        int past = tokens - count;
        float[] out = new float[count * width];
        HeadView q =
            new HeadView(whole.q.array(), whole.q.at(0, past, 0), 0, whole.q.rowStride(), d);
        best.forward(
            new AttentionShape(1, count, tokens, 4, 2, d),
            whole.rule.causalFrom(past),
            q,
            whole.k,
            whole.v,
            null,
            null,
            HeadView.of(out, 0, count, 4, d),
            serial);
        for (int i = 0; i < count; i++) {
          for (int e = 0; e < width; e++) {
            assertEquals(all[3 + (past + i) * (width + 7) + e], out[i * width + e], whole.bound());
          }
        }
      }
    }
  }

  @Test
  void bitsDoNotDependOnTheNumberOfThreads() {
    AttentionShape shape = new AttentionShape(2, 700, 700, 2, 1, 32);
    AttentionCase c =
        new AttentionCase(shape, AttentionRule.scaled(32).causalFrom(0).withWindow(300), 1)
            .withKeyLengths();
    try (WorkSplitter serial = WorkSplitter.serial()) {
      float[] expected = c.run(best, serial);
      for (int workers : new int[] {2, 3, 5}) {
        try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
          assertArrayEquals(expected, c.run(best, splitter), workers + " threads");
        }
      }
    }
  }

  @Test
  void hiddenKeysAreNeverReadAndQueriesThatSeeNoneGiveZeros() {
    int d = 8;
    for (int queries : new int[] {2, 20}) {
      AttentionCase c =
          new AttentionCase(
              new AttentionShape(2, queries, 30, 1, 1, d), AttentionRule.scaled(d), 5);
      c.keyLengths = new int[] {0, 12};
      for (HeadView view : new HeadView[] {c.k, c.v}) {
        Arrays.fill(view.array(), view.at(0, 0, 0), view.at(0, 29, 0) + d, Float.NaN);
        Arrays.fill(view.array(), view.at(1, 12, 0), view.at(1, 29, 0) + d, Float.NaN);
      }
      try (WorkSplitter serial = WorkSplitter.serial()) {
        for (Attention attention : new Attention[] {scalar, best}) {
          float[] out = c.run(attention, serial);
          for (int i = 0; i < queries; i++) {
            for (int e = 0; e < d; e++) {
              assertEquals(0, out[3 + i * (d + 7) + e]);
              assertTrue(Float.isFinite(out[3 + (queries + i) * (d + 7) + e]));
            }
          }
        }
      }
    }
  }

  /** Blocks and tiles begin before such keys end. */
  @Test
  void keysBeforeTheWindowOfAllQueriesAreNeverRead() {
    int d = 8;
    int queries = 20;
    for (int window = 1; window < 40; window++) {
      int past = 300;
      AttentionCase c =
          new AttentionCase(
              new AttentionShape(1, queries, past + queries, 1, 1, d),
              AttentionRule.scaled(d).causalFrom(past).withWindow(window),
              5);
      int hidden = past + 1 - window;
      for (HeadView view : new HeadView[] {c.k, c.v}) {
        Arrays.fill(view.array(), view.at(0, 0, 0), view.at(0, hidden, 0), Float.NaN);
      }
      try (WorkSplitter serial = WorkSplitter.serial()) {
        float[] out = c.run(best, serial);
        for (int i = 0; i < queries; i++) {
          for (int e = 0; e < d; e++) {
            assertTrue(Float.isFinite(out[3 + i * (d + 7) + e]), "window " + window);
          }
        }
      }
    }
  }

  @Test
  void nanShowsAndRowsAreWrittenOnlyWhereTheyBelong() {
    int d = 8;
    for (int queries : new int[] {1, 20}) {
      AttentionCase c =
          new AttentionCase(
              new AttentionShape(1, queries, 30, 2, 2, d), AttentionRule.scaled(d), 5);
      c.k.array()[c.k.at(0, 3, 1)] = Float.NaN;
      try (WorkSplitter serial = WorkSplitter.serial()) {
        for (Attention attention : new Attention[] {scalar, best}) {
          float[] out = c.run(attention, serial);
          for (int i = 0; i < queries; i++) {
            int at = 3 + i * (2 * d + 7);
            assertFalse(Float.isNaN(out[at]));
            assertTrue(Float.isNaN(out[at + d]));
            assertEquals(AttentionCase.SENTINEL, out[at - 1]);
            assertEquals(AttentionCase.SENTINEL, out[at + 2 * d]);
          }
        }
      }
    }
  }

  @Test
  void operandsThatDoNotFitAreRefused() {
    AttentionShape shape = new AttentionShape(1, 4, 4, 2, 1, 8);
    AttentionRule rule = AttentionRule.scaled(8);
    HeadView q = HeadView.of(new float[64], 0, 4, 2, 8);
    HeadView k = HeadView.of(new float[32], 0, 4, 1, 8);
    HeadView small = HeadView.of(new float[31], 0, 4, 1, 8);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> best.forward(shape, rule, q, k, small, null, null, q, serial));
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> best.forward(shape, rule, k, k, k, null, null, q, serial));
      assertThrows(
          IllegalArgumentException.class,
          () -> best.forward(shape, rule, q, k, k, new int[] {5}, null, q, serial));
      assertThrows(
          IllegalArgumentException.class,
          () -> best.forward(shape, rule, q, k, k, new int[] {1, 1}, null, q, serial));
    }
    assertThrows(IllegalArgumentException.class, () -> new AttentionShape(1, 4, 4, 3, 2, 8));
    assertThrows(IllegalArgumentException.class, () -> new AttentionRule(1, false, 0, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> rule.withSoftCap(0));
    assertThrows(IllegalArgumentException.class, () -> rule.withScale(Float.NaN));
    assertThrows(IllegalArgumentException.class, () -> rule.causalFrom(-1));
  }
}
