package nibble.nn.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import nibble.testing.RandomModels;

/** What single rows become. */
class RowCodecTest {
  private static final double HALF = 0x1p-11; // relative error of rounding to F16

  private static float[] throughCodes(RowCodec codec, float[] x) {
    CodeRows rows = new CodeRows(codec, x.length, 2);
    rows.write(1, x, 0);
    float[] back = new float[x.length];
    rows.read(1, 0, x.length, back, 0);
    return back;
  }

  /**
   * Both ends of a clipped group move to their share: what lies beyond takes the end, what lies
   * within is off by half a step of the smaller range. The ends have the rounding of two F16
   * numbers, the step's one times the number of steps.
   */
  @Property(tries = 200)
  void aClippedGroupLosesItsEnds(
      @ForAll @IntRange(max = 3) int width,
      @ForAll @IntRange(min = 2, max = 40) int group,
      @ForAll @FloatRange(min = 0.5f, max = 1) float clip,
      @ForAll long seed) {
    int bits = new int[] {2, 3, 4, 8}[width];
    float[] x = RandomModels.gaussian(new Random(seed), group, 0.5f, 2);
    float[] back = throughCodes(new TokenGroups(bits, group, clip), x);
    float[] sorted = x.clone();
    Arrays.sort(sorted);
    double least = clip * (double) sorted[0];
    double most = clip * (double) sorted[group - 1];
    double step = (most - least) / ((1 << bits) - 1);
    double ends = HALF * (Math.abs(least) + 2 * (most - least)) + 1e-6;
    for (int i = 0; i < group; i++) {
      double kept = Math.max(least, Math.min(most, x[i]));
      assertEquals(kept, back[i], 0.5 * step + ends, "channel " + i);
    }
  }

  /**
   * Channels that are no outliers are within half the distance of two levels, in units of half
   * their range.
   */
  @Property(tries = 200)
  void channelsOfATokenAreNearTheirLevels(
      @ForAll @IntRange(max = 3) int width,
      @ForAll @IntRange(max = 3) int side,
      @ForAll @IntRange(min = 8, max = 40) int channels,
      @ForAll long seed) {
    int bits = new int[] {2, 3, 4, 8}[width];
    float[] x = RandomModels.gaussian(new Random(seed), channels, 0.5f, 2);
    float[] back = throughCodes(new TokenLevels(Levels.uniform(bits), channels, side), x);
    float[] sorted = x.clone();
    Arrays.sort(sorted);
    float least = sorted[side];
    float most = sorted[channels - 1 - side];
    double range = 0.5 * (most - least);
    double rounding = 2 * HALF * (Math.abs(least) + Math.abs(most)) + 1e-6;
    for (int i = 0; i < channels; i++) {
      boolean outlier = x[i] < least || x[i] > most;
      double bound = outlier ? 0 : range / ((1 << bits) - 1) + rounding;
      assertEquals(x[i], back[i], bound, "channel " + i);
    }
  }

  @Example
  void ofTwoLevelsTheLowerOneIsTaken() {
    Levels levels = Levels.nearest(0, 1, 3, 4);
    assertEquals(0, levels.code(0.5f));
    assertEquals(1, levels.code(Math.nextUp(0.5f)));
    assertEquals(1, levels.code(2));
    assertEquals(0, levels.code(Float.NaN));
    assertEquals(3, levels.code(Float.POSITIVE_INFINITY));
  }

  /** Thresholds stay where they were, also where moved levels lie otherwise between them. */
  @Example
  void movedLevelsKeepTheirThresholds() {
    Levels moved = Levels.nearest(0, 1, 3, 4).moved(2, 10);
    assertEquals(1, moved.code(0.6f));
    assertEquals(12f, moved.value(1));
    assertTrue(Arrays.equals(new float[] {10, 12, 16, 18}, moved.tensor().toFloats()));
  }

  /** The memory of a row: codes, F16 numbers, and for outliers a count, channels and values. */
  @Example
  void bytesOfARow() {
    assertEquals(3 * 4 + 3 * 4, bytes(new TokenGroups(4, 8, 1), 24));
    assertEquals(3 * 4 + 4 + 2 + 4 * 6, bytes(new TokenLevels(Levels.uniform(4), 8, 2), 24));
    assertEquals(3 * 2 + 4, bytes(new TokenLevels(Levels.uniform(2), 8, 0), 24));
  }

  private static long bytes(RowCodec codec, int width) {
    CodeRows rows = new CodeRows(codec, width, 5);
    assertEquals(rows.bytes(), rows.bytes(5));
    return rows.bytes(1);
  }
}
