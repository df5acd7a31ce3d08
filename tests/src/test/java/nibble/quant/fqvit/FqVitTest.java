package nibble.quant.fqvit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Site;
import nibble.nn.site.LevelQuantizer;
import nibble.nn.site.UniformQuantizer;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.Scheme;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.range.LogGrid;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

class FqVitTest {
  private final Ops ops = Ops.serial();

  /** Every factor is a power of two, and no channel is worse off than with the plain quantizer. */
  @Property(tries = 60)
  void factorsArePowersOfTwoAndNeverHurt(
      @ForAll long seed,
      @ForAll @IntRange(min = 4, max = 8) int bits,
      @ForAll @IntRange(min = 2, max = 20) int channels) {
    Tensor x = outliers(seed, channels);
    UniformQuantizer found = PowerOfTwoFactors.fit(x, bits, ops);
    float[] values = x.toFloats();
    float low = 0;
    float high = 0;
    for (float value : values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    int most = (1 << bits) - 1;
    float plain = (high - low) / most;
    Tensor zeroPoints = found.zeroPoints();
    assertTrue(zeroPoints != null);
    int zero = (int) zeroPoints.get(0);
    for (int j = 0; j < channels; j++) {
      float factor = found.scales().get(j) / plain;
      assertTrue(
          factor == 1 || factor == 0.5f || factor == 0.25f || factor == 0.125f, "factor " + factor);
      assertTrue(
          PowerOfTwoFactors.error(x, j, found.scales().get(j), zero, most)
              <= PowerOfTwoFactors.error(x, j, plain, zero, most));
      assertEquals(zero, zeroPoints.get(j));
    }
  }

  private static Tensor outliers(long seed, int channels) {
    Random random = new Random(seed);
    float[] values = new float[60 * channels];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * (i % channels == 0 ? 30 : 1);
    }
    return Tensor.of(values, 60, channels);
  }

  /** One channel of outliers spoils a single scale; factors take most of the error away. */
  @Test
  void factorsHelpBesideOutliers() {
    Tensor x = outliers(3, 16);
    UniformQuantizer found = PowerOfTwoFactors.fit(x, 8, ops);
    float[] with = found.apply(ops, x).toFloats();
    float largest = found.scales().toFloats()[0];
    int zero = (int) java.util.Objects.requireNonNull(found.zeroPoints()).get(0);
    double error = 0;
    double plain = 0;
    for (int i = 0; i < with.length; i++) {
      error += Math.pow(with[i] - x.toFloats()[i], 2);
    }
    for (int j = 0; j < 16; j++) {
      plain += PowerOfTwoFactors.error(x, j, largest, zero, 255);
    }
    assertTrue(error < plain / 10, error + " against " + plain);
  }

  @Test
  void codesAreTheRoundedLogarithmOfTheInverse() {
    LevelQuantizer grid = LogIntSoftmax.grid(4, LogGrid.Zero.EXTRA);
    for (int d = 1; d <= 65_536; d++) {
      int floor = (int) (Math.log(d + 0.5) / Math.log(2));
      int expected = d >= 1.5 * (1L << floor) ? floor + 1 : floor;
      assertEquals(expected, LogIntSoftmax.log2Rounded(d), "D = " + d);
      int code = grid.levels().length - 1 - grid.code((float) (1.0 / d));
      assertEquals(Math.min(expected, 16), code, "D = " + d);
    }
  }

  @Property(tries = 100)
  void rowsOfPowersAddUpToHalfToTwo(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 300) int tokens) {
    Random random = new Random(seed);
    float[] scores = new float[tokens];
    for (int i = 0; i < tokens; i++) {
      scores[i] = (float) (2 * random.nextGaussian());
    }
    float[] p =
        LogIntSoftmax.grid(4, LogGrid.Zero.EXTRA)
            .apply(ops, ops.softmax(Tensor.of(scores, 1, tokens)))
            .toFloats();
    double sum = 0;
    for (float value : p) {
      sum += value;
    }
    assertTrue(sum >= 0.5 && sum <= 2, "sum " + sum);
  }

  @Test
  void theStreamIsQuantizedToo() {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 3);
    float[] expected = logits(model);
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(4, 1), null)));
    MethodReport report =
        new FqVit(FqVitOptions.DEFAULTS)
            .apply(ModelTask.of(ops, model, () -> model, samples, Scheme.parse("W8A8"), 0));
    assertEquals(model.linears().size(), report.layers().size());
    assertEquals(5, ActivationSite.streams(model).size());
    for (Site stream : ActivationSite.streams(model)) {
      assertFalse(stream.isIdentity(), stream.name());
    }
    double difference = RandomModels.relativeDifference(logits(model), expected);
    assertTrue(difference > 0 && difference < 0.35, "differs by " + difference);
  }

  private float[] logits(ViT model) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, RandomModels.pixels(4, 2)).toFloats();
    }
  }
}
