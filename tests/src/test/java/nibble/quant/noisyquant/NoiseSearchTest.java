package nibble.quant.noisyquant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;
import org.junit.jupiter.api.Test;

class NoiseSearchTest {
  private static final Grid GRID = new Grid(IntFormat.asymmetric(8), 1, 0);

  /**
   * Noise of half a scale makes the expected squared error {@code s^2 / 12} wherever a value lies.
   */
  @Test
  void ditherTheorem() {
    Random random = new Random(1);
    int draws = 1_000_000;
    float[] noise = new float[draws];
    for (int i = 0; i < draws; i++) {
      noise[i] = random.nextFloat() - 0.5f;
    }
    for (float offset : new float[] {0.05f, 0.2f, 0.3f, 0.4f, 0.5f}) {
      float[] x = new float[draws];
      java.util.Arrays.fill(x, 3 + offset);
      assertEquals(1 / 12.0, NoiseSearch.error(x, noise, GRID), 0.01 / 12, "offset " + offset);
      assertEquals(offset * offset, NoiseSearch.error(x, new float[draws], GRID), 1e-5);
    }
  }

  @Property(tries = 30)
  void neverWorseThanWithoutNoise(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 5) int seeds) {
    Random random = new Random(seed);
    float[] x = new float[40 * 24];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (3 * random.nextGaussian());
    }
    NoiseSearch.Found found = search(x, 24, seeds);
    assertTrue(found.error() <= found.plainError());
    assertEquals(found.error(), NoiseSearch.error(x, found.noise(), GRID), 1e-12);
  }

  /**
   * Values at the border of two codes gain more than half; values spread over many codes gain next
   * to nothing.
   */
  @Test
  void helpsAtBordersOnly() {
    Random random = new Random(2);
    float[] crowded = new float[500 * 192];
    float[] spread = new float[500 * 192];
    for (int i = 0; i < crowded.length; i++) {
      crowded[i] = random.nextInt(5) + 0.4f + 0.1f * random.nextFloat();
      spread[i] = 100 * random.nextFloat() - 50;
    }
    NoiseSearch.Found atBorders = search(crowded, 192, 1);
    assertTrue(
        atBorders.error() < 0.5 * atBorders.plainError(),
        atBorders.plainError() + " to " + atBorders.error());
    NoiseSearch.Found everywhere = search(spread, 192, 1);
    assertTrue(
        everywhere.error() > 0.98 * everywhere.plainError(),
        everywhere.plainError() + " to " + everywhere.error());
  }

  private static NoiseSearch.Found search(float[] x, int width, int seeds) {
    try (WorkSplitter serial = WorkSplitter.serial()) {
      return new NoiseSearch(20, seeds).search(x, width, GRID, 7, serial);
    }
  }
}
