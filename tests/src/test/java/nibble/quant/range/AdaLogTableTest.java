package nibble.quant.range;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.site.LevelQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;

class AdaLogTableTest {
  @Property(tries = 300)
  void tablesAreThePowers(
      @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll @IntRange(min = 10, max = 138) int q) {
    AdaLogTable table = new AdaLogTable(bits, q);
    for (int k = 0; k < 1 << bits; k++) {
      int rest = k * q - AdaLogTable.R * table.shift(k);
      assertTrue(rest >= 0 && rest < AdaLogTable.R);
      double exact = Math.pow(2, -(double) rest / AdaLogTable.R);
      assertEquals(
          exact,
          (double) table.fraction(k) / table.denominator(),
          0.5 / table.denominator() + 1e-12);
    }
  }

  /** q = r is log2, with a table of ones. */
  @Property(tries = 50)
  void thirtySevenIsLog2(
      @ForAll @IntRange(min = 2, max = 6) int bits,
      @ForAll @IntRange(min = 1, max = 3000) int hundredths,
      @ForAll boolean extra) {
    float s = hundredths / 100f;
    LogGrid.Zero zero = extra ? LogGrid.Zero.EXTRA : LogGrid.Zero.RESERVED;
    LevelQuantizer adaptive =
        new AdaLogTable(bits, AdaLogTable.R).quantizer(s, 0, zero).orElseThrow();
    LevelQuantizer log2 = LogGrid.of(bits, s, 1, zero);
    assertArrayEquals(log2.levels(), adaptive.levels());
    for (float level : log2.levels()) {
      for (float x : new float[] {level, 0.7f * level, 0.72f * level, 1.3f * level}) {
        assertEquals(log2.code(x), adaptive.code(x));
      }
    }
  }

  /**
   * What thresholds say is what the logarithm says, away from thresholds; and every level keeps its
   * code.
   */
  @Property(tries = 300)
  void thresholdsRoundTheLogarithm(
      @ForAll @IntRange(min = 3, max = 8) int bits,
      @ForAll @IntRange(min = 10, max = 138) int q,
      @ForAll @IntRange(min = 1, max = 1 << 20) int ticks) {
    float x = ticks * 0x1p-20f;
    Optional<LevelQuantizer> found = new AdaLogTable(bits, q).quantizer(1, 0, LogGrid.Zero.EXTRA);
    if (found.isEmpty()) {
      return; // a table that does not rise is not used
    }
    float[] levels = found.get().levels();
    for (int i = 0; i < levels.length; i++) {
      assertEquals(i, found.get().code(levels[i]));
    }
    double exponent = -Math.log(x) / Math.log(2) * AdaLogTable.R / q;
    long k = Math.round(exponent);
    if (Math.abs(exponent - Math.floor(exponent) - 0.5) > 1e-4) {
      int expected = k >= levels.length - 1 ? 0 : (int) (levels.length - 1 - k);
      assertEquals(expected, found.get().code(x), "x = " + x);
    }
  }

  /** The shift within the levels is the shift before the quantizer, taken out behind it. */
  @Property(tries = 300)
  void theShiftOfGeluIsPartOfTheLevels(
      @ForAll @IntRange(min = 3, max = 6) int bits,
      @ForAll @IntRange(min = -16_990, max = 300_000) int ticks) {
    float x = ticks * 1e-5f;
    float shift = (float) TwinGrid.GELU_DEPTH;
    AdaLogTable table = new AdaLogTable(bits, 30);
    float shifted = table.quantizer(3, -shift, LogGrid.Zero.RESERVED).orElseThrow().fakeQuantize(x);
    LevelQuantizer plain = table.quantizer(3, 0, LogGrid.Zero.RESERVED).orElseThrow();
    float low = plain.fakeQuantize(Math.nextDown(x + shift)) - shift;
    float high = plain.fakeQuantize(Math.nextUp(x + shift)) - shift;
    assertTrue(
        Math.abs(shifted - low) < 1e-6 || Math.abs(shifted - high) < 1e-6,
        shifted + " is neither " + low + " nor " + high);
  }

  @Test
  void theSearchedBaseIsAtLeastAsGoodAsLog2() {
    Random random = new Random(1);
    Tensor p = attention(random, 4, 40);
    float[] v = new float[4 * 40 * 8];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) random.nextGaussian();
    }
    Tensor value = Tensor.of(v, 4, 40, 8);
    try (Ops ops = Ops.serial()) {
      for (int bits : new int[] {3, 4, 6}) {
        Tensor context = ops.matmul(p, value);
        LevelQuantizer found = SoftmaxBase.fit(ops, bits, p, value, LogGrid.Zero.RESERVED);
        double adaptive = SquaredError.of(context, ops.matmul(found.apply(ops, p), value));
        double log2 =
            SquaredError.of(
                context,
                ops.matmul(LogGrid.of(bits, 1, 1, LogGrid.Zero.RESERVED).apply(ops, p), value));
        assertTrue(adaptive <= log2 * (1 + 1e-6), bits + " bits: " + adaptive + " against " + log2);
      }
    }
  }

  private static Tensor attention(Random random, int maps, int tokens) {
    float[] scores = new float[maps * tokens * tokens];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = (float) (2 * random.nextGaussian());
    }
    try (Ops ops = Ops.serial()) {
      return ops.softmax(Tensor.of(scores, maps, tokens, tokens));
    }
  }
}
