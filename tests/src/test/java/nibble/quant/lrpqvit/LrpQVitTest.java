package nibble.quant.lrpqvit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import nibble.nn.Linear;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.site.UniformQuantizer;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.quant.sensitivity.LayerGroup;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** LRP-QViT. */
class LrpQVitTest {
  private final Ops ops = Ops.serial();

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 7);
  }

  private ModelTask task(ViT model, String scheme) {
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(8, 3), null)));
    return ModelTask.of(ops, model, LrpQVitTest::model, samples, Scheme.parse(scheme), 1);
  }

  @Test
  void relevanceScalesWithItsStartAndSharesSumToOne() {
    ViT model = model();
    List<LayerGroup> groups = LayerGroup.of(task(model, "W4A4"));
    List<Tensor> inputs = List.of(RandomModels.pixels(4, 3));
    double[] once = LayerRelevance.raw(ops, model, groups, inputs, 1);
    double[] thrice = LayerRelevance.raw(ops, model, groups, inputs, 3);
    double[] shares = LayerRelevance.measure(ops, model, groups, inputs);
    double sum = 0;
    for (int i = 0; i < once.length; i++) {
      assertTrue(once[i] > 0, groups.get(i).name());
      assertEquals(3 * once[i], thrice[i], 1e-3 * thrice[i]);
      sum += shares[i];
    }
    assertEquals(1, sum, 1e-9);
    assertTrue(
        groups.stream().allMatch(group -> group.input().isIdentity()), "sites are as before");
  }

  @Test
  void anUnreachableLimitIsRepQVitAndClippingNarrowsTheScales() {
    Random random = new Random(3);
    float[] values = new float[60 * 8];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * (i % 8 == 0 ? 30 : 1));
    }
    UniformQuantizer channels =
        SiteGrids.fit(
            "x",
            Tensor.of(values, 60, 8),
            Shape.of(8),
            IntFormat.asymmetric(4),
            RangeSearch.MIN_MAX,
            ops);
    assertArrayEquals(
        channels.scales().toFloats(),
        ClippedScales.clipped(channels, Double.POSITIVE_INFINITY).scales().toFloats());
    double last = Double.POSITIVE_INFINITY;
    for (double kappa : new double[] {3, 2, 1, 0.5}) {
      double spread = spread(ClippedScales.clipped(channels, kappa).scales().toFloats());
      assertTrue(spread <= last);
      last = spread;
    }
    assertTrue(last < spread(channels.scales().toFloats()));
  }

  private static double spread(float[] s) {
    float largest = 0;
    float smallest = Float.POSITIVE_INFINITY;
    for (float value : s) {
      largest = Math.max(largest, value);
      smallest = Math.min(smallest, value);
    }
    return largest / smallest;
  }

  @Test
  void bitsDifferWithinTheBudget() {
    ViT model = model();
    MethodReport report =
        new LrpQVit(new LrpQVitOptions(8, 4, 1, 1, LrpQVitOptions.Importance.RELEVANCE, true))
            .apply(task(model, "W4A4"));
    long bits = 0;
    long weights = 0;
    boolean different = false;
    for (Linear linear : model.linears()) {
      int own = ((PackedIntWeight) linear.matrix()).weights().bits();
      bits += own * linear.weight().shape().size();
      weights += linear.weight().shape().size();
      different |= own != 4;
    }
    assertTrue(bits <= 4 * weights && different, bits + " " + weights);
    assertTrue(report.facts().keySet().stream().anyMatch(fact -> fact.endsWith(".relevance")));
  }

  @Test
  void optionsAreThoseOfTheCard() {
    assertEquals(LrpQVitOptions.DEFAULTS, LrpQVitOptions.of(LrpQVit.CARD.resolve(Map.of())));
  }
}
