package nibble.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import nibble.kernels.gemm.RegisterTiles;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.testing.NeedsVectors;
import org.junit.jupiter.api.Test;

class SmoothedAttentionTest {
  private static final double UNIT = 0x1p-24;

  private final SmoothedAttention best = SmoothedAttention.best();
  private final SmoothedAttention scalar = new ScalarSmoothedAttention();

  private static float[] run(
      SmoothedAttention attention, AttentionCase c, SmoothedScores codes, WorkSplitter splitter) {
    HeadView out = c.out();
    attention.forward(c.shape, c.rule, codes, c.q, c.k, c.v, out, splitter);
    return out.array();
  }

  private static AttentionRule rule(int headDim, boolean causal, int past, boolean capped) {
    AttentionRule rule = AttentionRule.scaled(headDim);
    rule = causal ? rule.causalFrom(past) : rule;
    return capped ? rule.withSoftCap(1.5f) : rule;
  }

  /** A score differs by float sums in place of sums in double; the codes are the same. */
  @Property(tries = 60)
  void agreesWithTheScalarKernel(
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 300) int queries,
      @ForAll @IntRange(max = 200) int past,
      @ForAll @IntRange(min = 1, max = 2) int kvHeads,
      @ForAll @IntRange(min = 1, max = 3) int group,
      @ForAll @IntRange(min = 1, max = 70) int headDim,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean causal,
      @ForAll boolean capped,
      @ForAll boolean smoothQueries,
      @ForAll boolean smoothKeys,
      @ForAll long seed) {
    AttentionShape shape =
        new AttentionShape(batch, queries, past + queries, kvHeads * group, kvHeads, headDim);
    AttentionCase c = new AttentionCase(shape, rule(headDim, causal, past, capped), seed);
    SmoothedScores codes = new SmoothedScores(bits, smoothQueries, smoothKeys);
    try (WorkSplitter serial = WorkSplitter.serial();
        WorkSplitter two = WorkSplitter.ofThreads(2)) {
      float[] expected = run(scalar, c, codes, serial);
      float[] actual = run(best, c, codes, serial);
      // means are shorter than the longest row, differences twice as long; three products of sums
      double bound = 3 * c.bound();
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], actual[i], bound, "element " + i + " of " + shape);
      }
      assertArrayEquals(actual, run(best, c, codes, two), "on two threads");
    }
  }

  /**
   * The sums of products that the tiles compute, in paired lanes and in others, are the integers of
   * the scalar codes: without means, a score is that integer times one float.
   */
  @Property(tries = 80)
  @AddLifecycleHook(NeedsVectors.class)
  void sumsOfCodesAreExact(
      @ForAll @IntRange(min = 2, max = 140) int queries,
      @ForAll @IntRange(min = 1, max = 128) int keys,
      @ForAll @IntRange(min = 1, max = 2) int group,
      @ForAll @IntRange(min = 1, max = 130) int headDim,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean extreme,
      @ForAll long seed) {
    AttentionShape shape = new AttentionShape(1, queries, keys, group, 1, headDim);
    AttentionCase c = new AttentionCase(shape, AttentionRule.scaled(headDim), seed);
    if (extreme) { // all codes at both ends
      for (HeadView view : new HeadView[] {c.q, c.k}) {
        for (int i = 0; i < view.array().length; i++) {
          view.array()[i] = view.array()[i] < 0 ? -3 : 3;
        }
      }
    }
    SmoothedScores codes = new SmoothedScores(bits, false, false);
    AttentionOperands operands = new AttentionOperands(shape, c.rule, c.q, null, null, c.out());
    int rows = Math.min(queries * group, 4 * RegisterTiles.ROWS);
    TileRows tileRows = new TileRows(operands, 0, 0, 0, rows);
    SmoothedTileScores tiles = new SmoothedTileScores(tileRows, codes, c.k, new Scratch());
    tiles.keys(0, keys, c.k.array(), c.k.at(0, 0, 0), c.k.rowStride());
    float[] scores = new float[4 * RegisterTiles.ROWS * TileScores.PITCH];
    tiles.scores(0, Math.ceilDiv(rows, RegisterTiles.ROWS), 0, keys, scores);
    ScalarCodes k =
        ScalarCodes.of(
            codes, c.k, 0, 0, keys, headDim, SmoothedScores.KEY_BLOCK, ScalarCodes.Mean.NONE);
    for (int row = 0; row < rows; row++) {
      ScalarCodes q =
          ScalarCodes.of(
              codes,
              c.q,
              0,
              row % group,
              queries,
              headDim,
              SmoothedScores.QUERY_BLOCK,
              ScalarCodes.Mean.NONE);
      int query = row / group;
      for (int j = 0; j < keys; j++) {
        float factor = c.rule.scale() * q.scale(query) * k.scale(j);
        assertEquals(
            factor * q.product(query, k, j),
            scores[row * TileScores.PITCH + j],
            "query " + query + ", key " + j);
      }
    }
  }

  /**
   * How far the codes may be from float attention: a code is within half a step, so a score without
   * means is within {@code scale (s_k / 2 |q|_1 + s_q / 2 |K|_1 + d s_q s_k / 4)} with the largest
   * norms; a softmax of scores within e moves values by at most {@code e^(2 e) - 1} of the largest.
   */
  @Property(tries = 40)
  void isWithinTheBoundOfFloatAttention(
      @ForAll @IntRange(min = 2, max = 150) int tokens,
      @ForAll @IntRange(min = 1, max = 64) int headDim,
      @ForAll @IntRange(min = 4, max = 8) int bits,
      @ForAll boolean smooth,
      @ForAll long seed) {
    AttentionShape shape = new AttentionShape(1, tokens, tokens, 2, 1, headDim);
    AttentionCase c = new AttentionCase(shape, rule(headDim, true, 0, false), seed);
    SmoothedScores codes = new SmoothedScores(bits, smooth, smooth);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      float[] exact = c.run(Attention.best(), serial);
      float[] found = run(best, c, codes, serial);
      double q = smooth ? 2 * largest(c.q) : largest(c.q);
      double k = smooth ? 2 * largest(c.k) : largest(c.k);
      double stepQ = codes.scale((float) q);
      double stepK = codes.scale((float) k);
      double score = c.rule.scale() * headDim * (stepK / 2 * q + stepQ / 2 * k + stepQ * stepK / 4);
      double bound = Math.expm1(2 * score) * largest(c.v) + 2 * c.bound() + UNIT;
      for (int i = 0; i < exact.length; i++) {
        assertEquals(exact[i], found[i], bound);
      }
    }
  }

  private static double largest(HeadView view) {
    double largest = 0;
    for (float x : view.array()) {
      largest = Math.max(largest, Math.abs(x));
    }
    return largest;
  }

  private double relativeError(int bits, boolean queries, boolean keys, float bias) {
    int d = 64;
    AttentionCase c =
        new AttentionCase(new AttentionShape(1, 200, 200, 2, 2, d), rule(d, true, 0, false), 11);
    for (int row = 0; row < 200; row++) {
      for (int head = 0; head < 2; head++) {
        c.k.array()[c.k.at(0, row, head) + 5] += bias;
      }
    }
    try (WorkSplitter serial = WorkSplitter.serial()) {
      float[] exact = c.run(Attention.best(), serial);
      float[] found = run(best, c, new SmoothedScores(bits, queries, keys), serial);
      double sum = 0;
      double norm = 0;
      for (int i = 0; i < exact.length; i++) {
        if (exact[i] != AttentionCase.SENTINEL) {
          sum += ((double) found[i] - exact[i]) * ((double) found[i] - exact[i]);
          norm += (double) exact[i] * exact[i];
        }
      }
      return Math.sqrt(sum / norm);
    }
  }

  /** Keys with a channel that is large in all tokens: what smoothing is for. */
  @Test
  void smoothingTakesOutWhatAllKeysShare() {
    assertTrue(
        relativeError(8, true, true, 0) < 2e-2, "8 bits: " + relativeError(8, true, true, 0));
    double smoothed = relativeError(4, true, true, 40);
    double plain = relativeError(4, true, false, 40);
    assertTrue(3 * smoothed < plain, "4 bits: " + smoothed + " smoothed, " + plain + " not");
    assertEquals(
        relativeError(4, true, true, 0),
        smoothed,
        1e-3,
        "nothing is left of the common part, its rounding apart");
  }

  @Test
  void oneQueryIsFloatAttention() {
    AttentionCase c =
        new AttentionCase(
            new AttentionShape(1, 1, 90, 4, 2, 32), AttentionRule.scaled(32).causalFrom(89), 3);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      assertArrayEquals(
          c.run(Attention.best(), serial), run(best, c, new SmoothedScores(4, true, true), serial));
    }
  }

  @Test
  void notANumberStays() {
    AttentionCase c =
        new AttentionCase(new AttentionShape(1, 20, 20, 1, 1, 16), AttentionRule.scaled(16), 3);
    c.k.array()[c.k.at(0, 3, 0) + 2] = Float.NaN;
    try (WorkSplitter serial = WorkSplitter.serial()) {
      for (SmoothedAttention attention : new SmoothedAttention[] {scalar, best}) {
        float[] out = run(attention, c, new SmoothedScores(4, true, true), serial);
        assertTrue(Float.isNaN(out[3]), attention.getClass().getSimpleName());
      }
    }
  }

  @Test
  void codesWhoseSumsCouldBeInexactAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new SmoothedScores(9, true, true));
    AttentionCase c =
        new AttentionCase(new AttentionShape(1, 2, 2, 1, 1, 1041), AttentionRule.scaled(1041), 3);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      for (SmoothedAttention attention : new SmoothedAttention[] {scalar, best}) {
        assertThrows(
            IllegalArgumentException.class,
            () -> run(attention, c, new SmoothedScores(8, true, true), serial));
      }
    }
  }
}
