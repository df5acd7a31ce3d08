package nibble.quant.repquant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.Sites;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.format.IntFormat;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Learned clips of RepQuant. */
class DualClipTest {
  private static final int CHANNELS = 6;
  private static final int ROWS = 200;

  private final Ops ops = Ops.serial();

  private static Tensor skewed(long seed) {
    Random random = new Random(seed);
    float[] values = new float[ROWS * CHANNELS];
    for (int i = 0; i < values.length; i++) {
      double g = random.nextGaussian();
      values[i] =
          (float) ((i % CHANNELS + 1) * (g > 2 ? 6 * g : g)); // rare extremes at the upper end only
    }
    return Tensor.of(values, ROWS, CHANNELS);
  }

  private static Linear reader(long seed) {
    Sites sites = new Sites();
    Tensor weight =
        Tensor.of(RandomModels.gaussian(new Random(seed), 8 * CHANNELS, 0, 1), 8, CHANNELS);
    return new Linear(
        "reader", new Parameter("reader.weight", weight), null, sites.add("reader.input"), sites);
  }

  @Property(tries = 30)
  void unclippedIsTheWholeRangeOfEachChannel(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits) {
    Tensor x = skewed(seed);
    UniformQuantizer expected =
        SiteGrids.fit(
            "x", x, Shape.of(CHANNELS), IntFormat.asymmetric(bits), RangeSearch.MIN_MAX, ops);
    UniformQuantizer found = new DualClip(ops, x, List.of(reader(seed)), bits).unclipped();
    assertArrayEquals(expected.scales().toFloats(), found.scales().toFloats());
    assertArrayEquals(assertZeroPoints(expected), assertZeroPoints(found));
  }

  private static float[] assertZeroPoints(UniformQuantizer quantizer) {
    Tensor points = quantizer.zeroPoints();
    assertNotNull(points);
    return points.toFloats();
  }

  @Test
  void learningHelpsAndNeverHurts() {
    for (long seed = 0; seed < 3; seed++) {
      Tensor x = skewed(seed);
      DualClip clip = new DualClip(ops, x, List.of(reader(seed)), 4);
      UniformQuantizer percentiles =
          SiteGrids.fit(
              "x", x, Shape.of(CHANNELS), IntFormat.asymmetric(4), RangeSearch.PERCENTILES, ops);
      UniformQuantizer untrained = clip.learn(percentiles, 0, 0.05);
      UniformQuantizer learned = clip.learn(percentiles, 150, 0.05);
      assertTrue(
          clip.error(untrained) <= Math.min(clip.error(percentiles), clip.error(clip.unclipped())));
      assertTrue(
          clip.error(learned) < 0.98 * clip.error(untrained),
          clip.error(learned) + " " + clip.error(untrained));
    }
  }

  @Test
  void optionsAreThoseOfTheCard() {
    assertEquals(RepQuantOptions.DEFAULTS, RepQuantOptions.of(RepQuant.CARD.resolve(Map.of())));
  }
}
