package nibble.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import nibble.kernels.attention.RopeTable.Pairs;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.VectorSupport;
import nibble.kernels.rowwise.LevelQuantize;
import nibble.kernels.rowwise.LevelTable;
import nibble.testing.Allocations;
import org.junit.jupiter.api.Test;

/**
 * Compiled loops keep vectors in registers. One vector on the heap per row of scores would be more
 * than 20 KB per call here.
 */
class AttentionAllocationTest {
  /**
   * The arguments' records, a task, and for each of four heads an object with its buffers'
   * addresses.
   */
  private static final int BYTES_PER_CALL = 2048;

  private static final int CALLS = 50;

  @Test
  void callsAllocateNextToNothingOnceCompiled() {
    assumeTrue(VectorSupport.isAvailable(), "the vector module is absent");
    assumeTrue(
        Lanes.SHAPE.vectorBitSize() <= FloatVector.SPECIES_PREFERRED.vectorBitSize(),
        "registers wider than the machine's are emulated on the heap");
    try (WorkSplitter serial = WorkSplitter.serial()) {
      assertAll(
          kernels(serial).entrySet().stream()
              .map(kernel -> () -> check(kernel.getKey(), kernel.getValue())));
    }
  }

  private static Map<String, Runnable> kernels(WorkSplitter serial) {
    Map<String, Runnable> kernels = new LinkedHashMap<>();
    AttentionRule rule = AttentionRule.scaled(40);
    for (int queries : new int[] {1, 90}) {
      AttentionShape shape = new AttentionShape(1, queries, 150, 4, 4, 40);
      put(kernels, "plain, queries " + queries, new AttentionCase(shape, rule, 1), serial);
      put(
          kernels,
          "causal, capped, biased, queries " + queries,
          new AttentionCase(shape, rule.causalFrom(60).withSoftCap(5), 1).withBias(),
          serial);
    }
    AttentionShape codes = new AttentionShape(1, 90, 150, 4, 4, 40);
    AttentionCase c = new AttentionCase(codes, rule.causalFrom(60), 1);
    HeadView result = c.out();
    kernels.put(
        "codes",
        () ->
            SmoothedAttention.best()
                .forward(
                    codes,
                    c.rule,
                    new SmoothedScores(4, true, true),
                    c.q,
                    c.k,
                    c.v,
                    result,
                    serial));
    AttentionCase whole = new AttentionCase(codes, rule, 1);
    LevelTable levels = new LevelTable(new float[] {0, 0.1f, 1}, new float[] {0.01f, 0.5f});
    ProbabilityMap map =
        (head, count, factor, e, at) ->
            LevelQuantize.best().fakeQuantize(count, factor, e, at, levels, e, at);
    kernels.put(
        "quantized probabilities",
        () ->
            Attention.best().forward(codes, rule, map, whole.q, whole.k, whole.v, result, serial));
    for (Pairs pairs : Pairs.values()) {
      RopeTable table = RopeTable.of(pairs, RopeTable.frequencies(80, 10_000), 8, 1);
      HeadView x = HeadView.of(new float[8 * 4 * 80], 0, 8, 4, 80);
      int[] positions = {0, 1, 2, 3, 4, 5, 6, 7};
      kernels.put(
          "rotary positions, " + pairs,
          () -> Rope.best().rotate(0, 8, 4, 80, x, table, positions, 0, false));
    }
    return kernels;
  }

  private static void put(
      Map<String, Runnable> kernels, String name, AttentionCase c, WorkSplitter serial) {
    HeadView out = HeadView.of(new float[c.shape.queries() * 160], 0, c.shape.queries(), 4, 40);
    kernels.put(
        name,
        () -> Attention.best().forward(c.shape, c.rule, c.q, c.k, c.v, null, c.bias, out, serial));
  }

  private static void check(String name, Runnable kernel) {
    Allocations.assertAtMost(BYTES_PER_CALL, name, CALLS, kernel);
  }
}
