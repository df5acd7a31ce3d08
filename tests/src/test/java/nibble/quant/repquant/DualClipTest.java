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
  private static final int GRID = 32;

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

  /**
   * With {@code t = x / s + z}: {@code dx^/ds = rint(t) - t} inside, {@code -z} and {@code 2^b - 1
   * - z} at the ends; {@code ds = (dhi - dlo) / (2^b - 1)}; z is rounded but passes what {@code -lo
   * / s} would, which moves clipped values by {@code -s dz}. All scaled by LSQ's factor.
   */
  @Property(tries = 20)
  void clipsGetTheGradientsOfTheClosedForm(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int bits) {
    Tensor x = skewed(seed);
    DualClip clip = new DualClip(ops, x, List.of(reader(seed)), bits);
    Random random = new Random(seed);
    Tensor upper = Tensor.of(RandomModels.gaussian(random, CHANNELS, 1, 0.5f), CHANNELS);
    Tensor lower = Tensor.of(RandomModels.gaussian(random, CHANNELS, 1, 0.5f), CHANNELS);
    float[] c = RandomModels.gaussian(random, ROWS * CHANNELS, 0, 1);
    Tensor y = clip.clipped(upper.requireGrad(), lower.requireGrad());
    ops.backward(ops.sum(ops.mul(y, Tensor.of(c, ROWS, CHANNELS))));
    float[] values = x.toFloats();
    int steps = (1 << bits) - 1;
    double g = 1 / Math.sqrt((double) ROWS * steps);
    for (int j = 0; j < CHANNELS; j++) {
      float most = 0;
      float least = 0;
      for (int i = j; i < values.length; i += CHANNELS) {
        most = Math.max(most, values[i]);
        least = Math.min(least, values[i]);
      }
      float p = ops.sigmoid(upper).toFloats()[j];
      float q = ops.sigmoid(lower).toFloats()[j];
      float lo = q * least;
      float s = (p * most - lo) * (1f / steps);
      float z = (float) Math.rint(-(lo / s)); // in float, so that borders are those of the code
      double ofScale = 0;
      double ofShift = 0;
      for (int i = j; i < values.length; i += CHANNELS) {
        float t = (values[i] + z * s) / s;
        boolean inside = t >= 0 && t <= steps;
        ofScale += c[i] * ((inside ? Math.rint(t) - t : t < 0 ? 0 : steps) - (inside ? 0 : z));
        ofShift += inside ? 0 : -s * c[i]; // dx^/dz
      }
      // dz = -dlo / s + lo / s^2 ds
      double byScale = g * (ofScale + ofShift * lo / ((double) s * s));
      double dHi = byScale / steps;
      double dLo = -byScale / steps - g * ofShift / s;
      assertEquals(dHi * most * p * (1 - p), grad(upper)[j], 1e-3 * (1 + Math.abs(dHi)));
      assertEquals(dLo * least * q * (1 - q), grad(lower)[j], 1e-3 * (1 + Math.abs(dLo)));
    }
  }

  private static float[] grad(Tensor x) {
    Tensor grad = x.grad();
    assertNotNull(grad);
    return grad.toFloats();
  }

  /** An extreme at one end only: that end is clipped more, and one clip for both is worse. */
  @Test
  void endsThatDifferGetClipsThatDiffer() {
    for (long seed = 0; seed < 3; seed++) {
      Random random = new Random(seed);
      float[] values = new float[ROWS];
      for (int i = 1; i < ROWS; i++) {
        values[i] = 2 * random.nextFloat() - 1;
      }
      values[0] = 4;
      Tensor channel = Tensor.of(values, ROWS, 1);
      Sites sites = new Sites();
      Linear one =
          new Linear(
              "one",
              new Parameter("one.weight", Tensor.of(new float[] {1}, 1, 1)),
              null,
              sites.add("one.input"),
              sites);
      DualClip clip = new DualClip(ops, channel, List.of(one), 3);
      double single = Double.POSITIVE_INFINITY;
      double dual = Double.POSITIVE_INFINITY;
      double upperOfBest = 0;
      double lowerOfBest = 0;
      for (int p = 1; p <= GRID; p++) {
        for (int q = 1; q <= GRID; q++) {
          double error = error(clip, channel, (double) p / GRID, (double) q / GRID);
          if (p == q) {
            single = Math.min(single, error);
          }
          if (error < dual) {
            dual = error;
            upperOfBest = p;
            lowerOfBest = q;
          }
        }
      }
      assertTrue(dual < 0.97 * single, dual + " with two clips, " + single + " with one");
      assertTrue(upperOfBest < lowerOfBest, "clips " + upperOfBest + " and " + lowerOfBest);
    }
  }

  private double error(DualClip clip, Tensor x, double p, double q) {
    try (var inference = ops.noGrad()) {
      return ops.mse(clip.clipped(logit(p), logit(q)), x).item();
    }
  }

  private static Tensor logit(double share) {
    return Tensor.of(new float[] {(float) Math.log(share / (1.0001 - share))}, 1);
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
