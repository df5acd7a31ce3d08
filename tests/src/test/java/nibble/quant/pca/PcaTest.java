package nibble.quant.pca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.quant.training.FeatureLoss;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Principal components, and the loss that is seen through them. */
class PcaTest {
  private final Ops ops = Ops.serial();

  private static float[] rows(long seed, int count, int width) {
    float[] rows = RandomModels.gaussian(new Random(seed), count * width, 0.3f, 1);
    for (int i = 0; i < rows.length; i++) {
      rows[i] *= 1 + i % width;
    }
    return rows;
  }

  @Property(tries = 25)
  void directionsAreOrthonormalAndSorted(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 24) int width) {
    Pca pca = Pca.of(rows(seed, 60, width), 60, width);
    for (int a = 0; a < width; a++) {
      assertTrue(a == 0 || pca.variances()[a] <= pca.variances()[a - 1]);
      for (int b = 0; b <= a; b++) {
        double dot = 0;
        for (int i = 0; i < width; i++) {
          dot += pca.directions()[i * width + a] * pca.directions()[i * width + b];
        }
        assertEquals(a == b ? 1 : 0, dot, 1e-6);
      }
    }
    assertEquals(1, pca.explained(width), 1e-12);
  }

  @Property(tries = 25)
  void theLossNeverExceedsTheWholeErrorAndEqualsItWithAllDirections(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 20) int width,
      @ForAll @IntRange(min = 1, max = 20) int k) {
    Pca pca = Pca.of(rows(seed, 40, width), 40, width);
    Tensor student = Tensor.of(rows(seed + 1, 5, width), 5, width);
    Tensor teacher = Tensor.of(rows(seed + 2, 5, width), 5, width);
    double whole = 5.0 * width * ops.mse(student, teacher).item() / 5;
    double part =
        new FeatureLoss(pca.projection(Math.min(k, width)), 0).of(ops, student, teacher).item();
    double all = new FeatureLoss(pca.projection(width), 1).of(ops, student, teacher).item();
    assertEquals(whole, all, 1e-4 * whole);
    assertTrue(part <= whole * (1 + 1e-4));
  }

  @Test
  void shiftsOfBothFeaturesDoNotCount() {
    Pca pca = Pca.of(rows(1, 40, 6), 40, 6);
    FeatureLoss loss = new FeatureLoss(pca.projection(3), 0);
    float[] a = rows(2, 4, 6);
    float[] b = rows(3, 4, 6);
    float[] shiftedA = a.clone();
    float[] shiftedB = b.clone();
    for (int i = 0; i < a.length; i++) {
      shiftedA[i] += 10 + i % 6;
      shiftedB[i] += 10 + i % 6;
    }
    double expected = loss.of(ops, Tensor.of(a, 4, 6), Tensor.of(b, 4, 6)).item();
    assertEquals(
        expected,
        loss.of(ops, Tensor.of(shiftedA, 4, 6), Tensor.of(shiftedB, 4, 6)).item(),
        1e-4 * expected);
  }

  @Test
  void countsOfDirectionsAreRoundedToSteps() {
    int width = 96;
    float[] rows = RandomModels.gaussian(new Random(1), 300 * width, 0, 1);
    Pca pca = Pca.of(rows, 300, width);
    assertEquals(32, pca.components(0.1, 32));
    assertEquals(96, pca.components(1, 32));
    assertEquals(0, pca.components(0.6, 32) % 32);
    Pca flat = Pca.of(new float[20], 5, 4);
    assertEquals(1, flat.explained(1));
    assertEquals(4, flat.components(0.6, 32), "no more than there are");
    assertThrows(IllegalArgumentException.class, () -> Pca.of(new float[4], 1, 4));
  }
}
