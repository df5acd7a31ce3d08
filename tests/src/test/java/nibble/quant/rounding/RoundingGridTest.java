package nibble.quant.rounding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.Symmetry;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

class RoundingGridTest {
  private static final int OUT = 3;
  private static final int IN = 8;

  private final Ops ops = Ops.serial();
  private final WorkSplitter serial = WorkSplitter.serial();

  private QuantParams params(float[] w, int bits, Symmetry symmetry, int group, float clip) {
    Granularity granularity =
        group == IN ? new Granularity.PerChannel() : new Granularity.PerGroup(group);
    return QuantParams.fit(
        "w",
        w,
        0,
        OUT,
        IN,
        new IntFormat(bits, symmetry),
        granularity,
        new ClipSearch.Ratio(clip),
        serial);
  }

  private static float[] weights(long seed) {
    return RandomModels.gaussian(new Random(seed), OUT * IN, 0.1f, 1);
  }

  @Property(tries = 100)
  void theInverseGivesTheShareBack(@ForAll @IntRange(max = 999) int thousandths) {
    double share = thousandths / 1000.0;
    assertEquals(share, RectifiedSigmoid.h(RectifiedSigmoid.inverse(share)), 1e-12);
    assertEquals(share >= 0.5, RectifiedSigmoid.inverse(share) >= -1e-12);
  }

  /**
   * Also with groups and zero points: the weight itself where it is free, its nearest code in the
   * end.
   */
  @Property(tries = 60)
  void logitsStartAtTheWeightAndHardenToNearest(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll Symmetry symmetry,
      @ForAll boolean grouped,
      @ForAll boolean clipped) {
    float[] w = weights(seed);
    QuantParams params = params(w, bits, symmetry, grouped ? 4 : IN, clipped ? 0.6f : 1);
    RoundingGrid grid = new RoundingGrid(w, params);
    Tensor v = grid.logits();
    float[] soft = grid.soft(ops, v).toFloats();
    float[] hard = grid.codes(v.toFloats(), 0).dequantize();
    float[] nearest = params.dequantize(params.quantize("w", w, 0));
    for (int i = 0; i < w.length; i++) {
      float s = params.gridOf(i / IN, i % IN).scale();
      if (grid.isFree(i)) {
        assertEquals(w[i], soft[i], 1e-5 * s * (1 << bits));
      } else {
        assertEquals(nearest[i], soft[i], 1e-6 * Math.abs(nearest[i]));
      }
      boolean tie = Math.abs(grid.share(i) - 0.5) < 1e-4;
      assertTrue(
          tie || Math.abs(nearest[i] - hard[i]) <= 1e-6 * Math.abs(nearest[i]), "element " + i);
    }
  }

  /**
   * Central differences of {@code sum(c W~) + openness}, in V and in the scales, away from the
   * corners of h.
   */
  @Property(tries = 20)
  void gradientsAreThoseOfTheValues(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 4) int bits, @ForAll Symmetry symmetry) {
    float[] w = weights(seed);
    RoundingGrid grid = new RoundingGrid(w, params(w, bits, symmetry, 4, 0.8f));
    Random random = new Random(seed);
    Tensor c = Tensor.of(RandomModels.gaussian(random, w.length, 0, 1), OUT, IN);
    Tensor v = Tensor.of(RandomModels.gaussian(random, w.length, 0, 0.8f), OUT, IN).requireGrad();
    Tensor scales = grid.scales();
    ops.backward(value(grid, c, v, scales));
    for (Tensor leaf : new Tensor[] {v, scales}) {
      Tensor grad = leaf.grad();
      assertTrue(grad != null);
      for (int i = 0; i < leaf.size(); i++) {
        float before = leaf.array()[i];
        leaf.array()[i] = before + 1e-3f;
        double up = value(grid, c, v, scales).item();
        leaf.array()[i] = before - 1e-3f;
        double down = value(grid, c, v, scales).item();
        leaf.array()[i] = before;
        assertEquals(
            (up - down) / 2e-3,
            grad.toFloats()[i],
            0.02 * Math.abs(up - down) / 2e-3 + 0.02,
            "element " + i);
      }
    }
  }

  private Tensor value(RoundingGrid grid, Tensor c, Tensor v, Tensor scales) {
    Tensor soft = grid.between(ops, ops.custom(new RectifiedSigmoid(), v), scales);
    return ops.add(ops.sum(ops.mul(soft, c)), grid.openness(ops, v, 2));
  }

  /**
   * An element beyond the grid has one code whatever its variable says, no gradient, and no part in
   * the openness.
   */
  @Test
  void whatIsBeyondTheGridIsNotFree() {
    float[] w = new float[OUT * IN];
    Arrays.fill(w, 0.01f);
    w[0] = 1;
    w[1] = -1;
    QuantParams params = params(w, 2, Symmetry.SYMMETRIC, IN, 0.25f); // codes -2 .. 1 of 0.25
    RoundingGrid grid = new RoundingGrid(w, params);
    assertTrue(!grid.isFree(0) && !grid.isFree(1) && grid.isFree(2));
    Tensor v = Tensor.zeros(OUT, IN).requireGrad();
    ops.backward(ops.add(ops.sum(grid.soft(ops, v)), grid.openness(ops, v, 2)));
    assertTrue(v.grad() != null && v.grad().toFloats()[0] == 0 && v.grad().toFloats()[1] == 0);
    assertEquals(
        IN - 2,
        grid.openness(ops, v, 2).item(),
        1e-4,
        "h(0) = 1/2 is open; all of the other rows is clipped");
    float[] down = new float[w.length];
    Arrays.fill(down, -5);
    float[] up = new float[w.length];
    Arrays.fill(up, 5);
    assertEquals(1, grid.codes(down, 0).codes()[0]);
    assertEquals(1, grid.codes(up, 0).codes()[0]);
    assertArrayEquals(new byte[] {-2, 0}, Arrays.copyOfRange(grid.codes(down, 0).codes(), 1, 3));
    assertThrows(IllegalArgumentException.class, () -> new RoundingGrid(new float[2], params));
  }

  @Test
  void theDriveSleepsThenFallsInAStraightLine() {
    RoundingDrive drive = RoundingDrive.DEFAULTS;
    assertTrue(!drive.isOn(0.1) && drive.isOn(0.2));
    assertEquals(20, drive.beta(0), 0);
    assertEquals(11, drive.beta(0.6), 1e-9);
    assertEquals(2, drive.beta(1), 1e-9);
    assertThrows(IllegalArgumentException.class, () -> new RoundingDrive(0.01, 0.2, 2, 20));
  }
}
