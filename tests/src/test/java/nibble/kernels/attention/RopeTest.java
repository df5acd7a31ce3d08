package nibble.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.attention.RopeTable.Pairs;
import org.junit.jupiter.api.Test;

class RopeTest {
  private final Rope best = Rope.best();
  private final Rope scalar = new ScalarRope();

  private static float[] normal(int count, long seed) {
    Random random = new Random(seed);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  @Property(tries = 100)
  void agreesWithTheScalarKernel(
      @ForAll Pairs pairs,
      @ForAll @IntRange(min = 1, max = 4) int rows,
      @ForAll @IntRange(min = 1, max = 3) int heads,
      @ForAll @IntRange(min = 1, max = 40) int pairCount,
      @ForAll @IntRange(max = 5) int rest,
      @ForAll boolean inverse,
      @ForAll long seed) {
    int headDim = 2 * pairCount + rest;
    RopeTable table = RopeTable.of(pairs, RopeTable.frequencies(2 * pairCount, 10_000), 100, 1.25);
    int row = heads * headDim + 3;
    float[] expected = normal(5 + 2 * rows * row, seed);
    float[] actual = expected.clone();
    Random random = new Random(seed);
    int[] positions = random.ints(rows + 1, 0, 100).toArray();
    scalar.rotate(
        1,
        rows,
        heads,
        headDim,
        new HeadView(expected, 5, rows * row, row, headDim),
        table,
        positions,
        1,
        inverse);
    best.rotate(
        1,
        rows,
        heads,
        headDim,
        new HeadView(actual, 5, rows * row, row, headDim),
        table,
        positions,
        1,
        inverse);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(
          expected[i],
          actual[i],
          12 * 0x1p-23,
          "element " + i); // two products and a sum of at most 1.25 * 5
    }
  }

  /** The published formula, in the complex plane. */
  @Test
  void turnsPairsByTheAngleOfTheirPosition() {
    for (Rope rope : new Rope[] {scalar, best}) {
      for (Pairs pairs : Pairs.values()) {
        int n = 20;
        RopeTable table = RopeTable.of(pairs, RopeTable.frequencies(2 * n, 10_000), 50, 1);
        float[] x = normal(2 * n, 1);
        float[] turned = x.clone();
        rope.rotate(
            0, 1, 1, 2 * n, HeadView.of(turned, 0, 1, 1, 2 * n), table, new int[] {37}, 0, false);
        for (int i = 0; i < n; i++) {
          int first = pairs == Pairs.HALVES ? i : 2 * i;
          int second = pairs == Pairs.HALVES ? i + n : 2 * i + 1;
          double angle = 37 / Math.pow(10_000, i / (double) n);
          assertEquals(
              x[first] * Math.cos(angle) - x[second] * Math.sin(angle), turned[first], 1e-6);
          assertEquals(
              x[first] * Math.sin(angle) + x[second] * Math.cos(angle), turned[second], 1e-6);
        }
      }
    }
  }

  /** What the rotation is for: scores of queries and keys depend on their distance only. */
  @Property(tries = 50)
  void productsDependOnTheDistanceOnlyAndTheInverseTurnsBack(
      @ForAll Pairs pairs, @ForAll @IntRange(max = 40) int shift, @ForAll long seed) {
    int d = 48;
    RopeTable table = RopeTable.of(pairs, RopeTable.frequencies(d, 10_000), 100, 1);
    float[] q = normal(d, seed);
    float[] k = normal(d, seed + 1);
    assertEquals(
        dot(turned(q, table, 30), turned(k, table, 11)),
        dot(turned(q, table, 30 + shift), turned(k, table, 11 + shift)),
        2e-4);
    float[] back = turned(q, table, 30 + shift);
    best.rotate(0, 1, 1, d, HeadView.of(back, 0, 1, 1, d), table, new int[] {30 + shift}, 0, true);
    for (int i = 0; i < d; i++) {
      assertEquals(q[i], back[i], 5e-6);
    }
  }

  private float[] turned(float[] x, RopeTable table, int position) {
    float[] result = x.clone();
    best.rotate(
        0,
        1,
        1,
        x.length,
        HeadView.of(result, 0, 1, 1, x.length),
        table,
        new int[] {position},
        0,
        false);
    return result;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  @Test
  void positionsAndHeadsThatDoNotFitAreRefused() {
    RopeTable table = RopeTable.of(Pairs.HALVES, RopeTable.frequencies(8, 10_000), 10, 1);
    HeadView x = HeadView.of(new float[16], 0, 1, 2, 8);
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> best.rotate(0, 1, 2, 8, x, table, new int[] {10}, 0, false));
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> best.rotate(0, 1, 2, 8, x, table, new int[] {-1}, 0, false));
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> best.rotate(1, 1, 2, 8, x, table, new int[] {1}, 0, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> best.rotate(0, 1, 4, 4, x, table, new int[] {1}, 0, false));
    assertThrows(IllegalArgumentException.class, () -> RopeTable.frequencies(7, 10_000));
  }
}
