package nibble.kernels.rowwise;

import static nibble.kernels.rowwise.RowwiseSamples.MARGIN;
import static nibble.kernels.rowwise.RowwiseSamples.assertMarginsKept;
import static nibble.kernels.rowwise.RowwiseSamples.padded;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LevelQuantizeTest {
  private final LevelQuantize vector = LevelQuantize.best();
  private final LevelQuantize scalar = new ScalarLevelQuantize();

  /** Levels at random places, thresholds anywhere between them. */
  private static LevelTable table(int size, Random random) {
    float[] levels = new float[size];
    for (int i = 0; i < size; i++) {
      levels[i] = (float) random.nextGaussian();
    }
    Arrays.sort(levels);
    for (int i = 1; i < size; i++) {
      levels[i] = Math.max(levels[i], Math.nextUp(levels[i - 1]));
    }
    float[] thresholds = new float[size - 1];
    for (int i = 0; i < thresholds.length; i++) {
      float between = levels[i] + random.nextFloat() * (levels[i + 1] - levels[i]);
      thresholds[i] = Math.clamp(between, levels[i], levels[i + 1]);
    }
    return new LevelTable(levels, thresholds);
  }

  @Property(tries = 200)
  void equalsTheScalarKernel(
      @ForAll @IntRange(max = 150) int count,
      @ForAll @IntRange(min = 2, max = 90) int size,
      @ForAll boolean scaled,
      @ForAll long seed) {
    Random random = new Random(seed);
    LevelTable table = table(size, random);
    float[] special = {
      Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, 0, -0f, Float.MIN_VALUE
    };
    float[] levels = table.levels();
    float[] thresholds = table.thresholds();
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      float threshold = thresholds[random.nextInt(thresholds.length)];
      values[i] =
          switch (random.nextInt(5)) {
            case 0 -> special[random.nextInt(special.length)];
            case 1 -> threshold;
            case 2 -> Math.nextDown(threshold);
            case 3 -> levels[random.nextInt(size)];
            default -> (float) random.nextGaussian();
          };
    }
    float factor = scaled ? 0.37f : 1;
    float[] x = padded(values);
    float[] expected = padded(new float[count]);
    scalar.fakeQuantize(count, factor, x, MARGIN, table, expected, MARGIN);
    for (int i = 0; i < count; i++) {
      assertEquals(byDefinition(table, factor * values[i]), expected[MARGIN + i]);
    }
    float[] actual = padded(new float[count]);
    vector.fakeQuantize(count, factor, x, MARGIN, table, actual, MARGIN);
    assertArrayEquals(expected, actual);
    assertMarginsKept(actual);
    vector.fakeQuantize(count, factor, x, MARGIN, table, x, MARGIN);
    assertArrayEquals(expected, x, "in place");
  }

  private static float byDefinition(LevelTable table, float x) {
    int code = 0;
    for (float threshold : table.thresholds()) {
      code += x >= threshold ? 1 : 0;
    }
    return Float.isNaN(x) ? x : table.levels()[code];
  }

  @Test
  void otherTablesAreRefused() {
    assertRefused("2 to 257 levels", new float[] {1}, new float[0]);
    assertRefused("2 to 257 levels", new float[] {1, 2}, new float[] {1, 2});
    assertRefused("level 1 is 1.0", new float[] {1, 1}, new float[] {1});
    assertRefused("level 1 is NaN", new float[] {1, Float.NaN}, new float[] {1});
    assertRefused("threshold 0 is 3.0", new float[] {1, 2}, new float[] {3});
  }

  private static void assertRefused(String part, float[] levels, float[] thresholds) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> new LevelTable(levels, thresholds))
            .getMessage();
    assertEquals(true, message.contains(part), message);
  }
}
