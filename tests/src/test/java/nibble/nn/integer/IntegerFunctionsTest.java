package nibble.nn.integer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** Integer functions of I-ViT. */
class IntegerFunctionsTest {

  /**
   * Where the exponential of code {@code q}, of scale {@code s}, lies by the formulas of {@link
   * ShiftExp}. With {@code m = ceil(1 / s)}, minus the code of -1:
   *
   * <ul>
   *   <li>the shifts round down: {@code 1.4375 q - 1/2 <= q + (q >> 1) - (q >> 4) <= 1.4375 q +
   *       15/16};
   *   <li>the result is {@code 2^-k (1 + f / 2)} for {@code 2^(f - k)}, f in (-1, 0]; that chord
   *       lies above {@code 2^f}, by a factor of at most 1.0615 (at f = 1 - 1 / ln 2);
   *   <li>the last shift loses less than a unit, {@code 2^-15 / m}; exponents stop at -15.
   * </ul>
   */
  private record Bracket(double low, double high) {
    static Bracket of(long q, double s) {
      double m = Math.ceil(1 / s);
      return new Bracket(
          Math.pow(2, Math.max(-15, (1.4375 * q - 0.5) / m)) - 0x1p-15 / m,
          1.0615 * Math.pow(2, Math.max(-15, (1.4375 * q + 0.9375) / m)));
    }

    void holds(double value, String what) {
      assertTrue(low <= value && value <= high, "%s: %s is not in %s".formatted(what, value, this));
    }
  }

  @Test
  void exponentialsFallAndHitPowersOfTwo() {
    for (double range : new double[] {1, 4, 8}) {
      double scale = range / 127;
      ShiftExp exp = new ShiftExp(scale, 15);
      long last = exp.one();
      for (int q = 0; q >= -254; q--) {
        long e = exp.of(q);
        assertTrue(e <= last, "falls");
        Bracket.of(q, scale).holds((double) e / exp.one(), range + " " + q);
        // against the exponential itself: log2(e) = 1.4375 + 0.0052, and 1 <= m s < 1 + s
        double exact = Math.exp(q * scale);
        assertTrue((double) e / exp.one() >= exact * Math.pow(2, -0.5 * scale) - 0x1p-15);
        assertTrue(
            (double) e / exp.one()
                <= 1.0615
                        * exact
                        * Math.pow(2, scale - q * scale * (0.0052 + 1.4375 * scale / (1 + scale)))
                    + 0x1p-14);
        last = e;
      }
    }
    ShiftExp coarse = new ShiftExp(8.0 / 127, 15);
    double most = 0;
    for (int q = 0; q * 8.0 / 127 >= -2; q--) {
      most = Math.max(most, coarse.of(q) / (coarse.one() * Math.exp(q * 8.0 / 127)));
    }
    assertEquals(1.117, most, 0.001, "the 12 % of the documentation");
    ShiftExp eighths = new ShiftExp(1.0 / 64, 15);
    for (int k = 0; k < 8; k++) { // code q with q + q/2 - q/16 = -64 k
      long q = Math.round(-64.0 * k / 1.4375);
      if (q + (q >> 1) - (q >> 4) == -64L * k) {
        assertEquals(eighths.one() >> k, eighths.of(q));
      }
    }
    assertThrows(IllegalArgumentException.class, () -> eighths.of(1));
  }

  @Property(tries = 60)
  void rowsOfProbabilitiesSumToOne(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 16) int range,
      @ForAll @IntRange(min = 2, max = 300) int width) {
    Random random = new Random(seed);
    double scale = range / 127.0;
    int[] scores = random.ints(width, -127, 128).toArray();
    int[] p = new Shiftmax(scale, 16).of(scores);
    double sum = 0;
    int best = 0;
    for (int i = 0; i < width; i++) {
      sum += p[i] / 32768.0;
      best = scores[i] > scores[best] ? i : best;
    }
    assertTrue(sum <= 1 && sum >= 1 - width / 32768.0, "sum " + sum);
    double least = 0;
    double most = 0;
    for (int score : scores) {
      Bracket e = Bracket.of(score - scores[best], scale);
      least += e.low;
      most += e.high;
    }
    for (int i = 0; i < width; i++) {
      Bracket e = Bracket.of(scores[i] - scores[best], scale);
      new Bracket(e.low / most - 0x1p-15, e.high / least).holds(p[i] / 32768.0, "p" + i);
      assertTrue(p[i] <= p[best]);
    }
    int[] turned = new int[width];
    for (int i = 0; i < width; i++) {
      turned[i] = scores[width - 1 - i];
    }
    int[] other = new Shiftmax(scale, 16).of(turned);
    for (int i = 0; i < width; i++) {
      assertEquals(p[i], other[width - 1 - i]);
    }
  }

  @Test
  void geluOfAllCodes() {
    for (double range : new double[] {1, 4, 8, 16}) {
      double scale = range / 127;
      for (int bits : new int[] {8, 16}) {
        ShiftGelu gelu = new ShiftGelu(scale, bits);
        for (int q = -128; q <= 127; q++) {
          double x = Math.abs(q) * scale;
          double unit = 1.0 / (1 << (bits - 1));
          Bracket e = Bracket.of(-Math.abs(q), 1.702 * scale);
          Bracket sigmoid =
              q >= 0
                  ? new Bracket(1 / (1 + e.high) - unit, 1 / (1 + e.low))
                  : new Bracket(e.low / (1 + e.low) - unit, e.high / (1 + e.high));
          double found = Math.abs(gelu.of(q)) * scale * unit;
          new Bracket(x * sigmoid.low - 1e-12, x * sigmoid.high + 1e-12)
              .holds(found, range + " " + q);
          assertEquals(
              Math.signum(q), q == 0 || found == 0 ? Math.signum(q) : Math.signum(gelu.of(q)));
        }
      }
    }
  }

  @Property(tries = 60)
  void normalisedRowsHaveNoMeanAndKnowNoShift(
      @ForAll long seed,
      @ForAll @IntRange(min = 8, max = 400) int n,
      @ForAll @IntRange(min = 30, max = 3000) int spread) {
    Random random = new Random(seed);
    int[] q = new int[n];
    double mean = 0;
    for (int i = 0; i < n; i++) {
      q[i] = (int) Math.rint(spread * random.nextGaussian());
      mean += (double) q[i] / n;
    }
    double variance = 0;
    for (int value : q) {
      variance += (value - mean) * (value - mean) / n;
    }
    long[] y = IntegerLayerNorm.of(q);
    for (int i = 0; i < n; i++) {
      double exact = (q[i] - mean) / Math.sqrt(variance);
      // half a code of the mean, and a part in isqrt(v) of the root
      assertEquals(
          exact,
          y[i] * IntegerLayerNorm.scale(n),
          0.6 / Math.sqrt(variance) + 2 * Math.abs(exact) / Math.sqrt(n * variance) + 1e-4);
    }
    int[] shifted = q.clone();
    for (int i = 0; i < n; i++) {
      shifted[i] += 1000;
    }
    assertArrayEquals(y, IntegerLayerNorm.of(shifted));
    assertArrayEquals(new long[4], IntegerLayerNorm.of(new int[] {7, 7, 7, 7}));
  }

  @Property(tries = 500)
  void rootsAreExact(@ForAll @LongRange(min = 0) long v) {
    long root = IntegerRoot.floor(v);
    assertTrue(root <= 3_037_000_499L && root * root <= v);
    assertTrue(root + 1 > 3_037_000_499L || (root + 1) * (root + 1) > v);
  }

  @Test
  void smallRootsAreExact() {
    for (long v = 0; v < 100_000; v++) {
      assertEquals((long) Math.floor(Math.sqrt(v)), IntegerRoot.floor(v));
    }
  }

  @Property(tries = 200)
  void factorsRoundToNearest(
      @ForAll @IntRange(min = -1_000_000, max = 1_000_000) int q,
      @ForAll @IntRange(min = 1, max = 1_000_000) int thousandths) {
    double factor = thousandths / 1000.0;
    Dyadic dyadic = Dyadic.of(factor);
    assertEquals(factor, dyadic.multiplier() * Math.pow(2, -dyadic.shift()), factor * 0x1p-29);
    assertEquals(q * factor, dyadic.apply(q), 0.5 + Math.abs(q * factor) * 0x1p-28);
  }
}
