package nibble.quant.mptqvit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
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
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Scheme;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.quant.range.TwinGrid;
import nibble.quant.sensitivity.LayerGroup;
import nibble.quant.sensitivity.SensitivityTable;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** MPTQ-ViT. */
class MptqVitTest {
  private final Ops ops = Ops.serial();

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 7);
  }

  private ViT quantized(String scheme, MptqVitOptions options) {
    ViT model = model();
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(8, 3), null)));
    MethodReport report =
        new MptqVit(options)
            .apply(ModelTask.of(ops, model, MptqVitTest::model, samples, Scheme.parse(scheme), 1));
    assertEquals(model.linears().size(), report.layers().size());
    return model;
  }

  private double error(ViT model) {
    Tensor pixels = RandomModels.pixels(8, 4);
    try (var inference = ops.noGrad()) {
      return ops.mse(model.forward(ops, pixels), model().forward(ops, pixels)).item();
    }
  }

  /** After SQ-b the largest value of a channel is the smallest one negated. */
  @Property(tries = 40)
  void channelsAreSymmetricAfterwards(@ForAll long seed, @ForAll @IntRange(max = 4) int quarter) {
    Random random = new Random(seed);
    int channels = 5;
    float[] x = new float[40 * channels];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) ((1 + i % channels) * random.nextGaussian() + 3 * (i % channels));
    }
    float[] w = {0.5f, 1, 2, 0.1f, 0.3f};
    SmoothBias change = SmoothBias.of(x, w, quarter / 4.0);
    double[] hi = new double[channels];
    double[] lo = new double[channels];
    for (int i = 0; i < x.length; i++) {
      double changed =
          change.factors()[i % channels] * (double) x[i] + change.shifts()[i % channels];
      hi[i % channels] = Math.max(hi[i % channels], changed);
      lo[i % channels] = Math.min(lo[i % channels], changed);
    }
    for (int j = 0; j < channels; j++) {
      assertEquals(hi[j], -lo[j], 1e-4 * hi[j]);
    }
  }

  @Test
  void smoothingChangesNoFunctionAndHelps() {
    assertTrue(
        error(quantized("W8A8", MptqVitOptions.DEFAULTS))
            < error(quantized("W4A4", MptqVitOptions.DEFAULTS)));
    MptqVitOptions plain = new MptqVitOptions(32, 0.5, false, true, 0, 0, 8);
    assertTrue(error(quantized("W4A4", MptqVitOptions.DEFAULTS)) < error(quantized("W4A4", plain)));
  }

  /** OPT-m: no ratio that is fixed beforehand is better, nor one grid for both signs. */
  @Test
  void noFixedRatioIsBetterThanTheSearchedOne() {
    ActivationSite site =
        ActivationSite.of(model()).stream()
            .filter(each -> each.name().equals("blocks.0.mlp.fc2.input"))
            .findFirst()
            .orElseThrow();
    for (int bits : new int[] {3, 4, 6}) {
      Tensor x =
          ops.gelu(Tensor.of(RandomModels.gaussian(new Random(bits), 64 * 24, 0, 1.5f), 64, 24));
      UniformQuantizer uniform =
          SiteGrids.fit("x", x, Shape.of(), IntFormat.symmetric(bits), RangeSearch.SHRINK, ops);
      double found =
          MptqVit.outputError(ops, site, x, MptqVit.afterGelu(ops, site, bits, x, uniform));
      assertTrue(found <= MptqVit.outputError(ops, site, x, uniform));
      float negative = (float) (TwinGrid.GELU_DEPTH / (1 << (bits - 1)));
      double most = 0;
      for (int m = 0; m <= 8; m++) {
        double fixed =
            MptqVit.outputError(ops, site, x, TwinGrid.signs(bits, (1 << m) * negative, negative));
        assertTrue(found <= fixed, bits + " bits, m = " + m);
        most = Math.max(most, fixed);
      }
      assertTrue(found < most / 2, "ratios matter");
    }
  }

  @Test
  void mixedBitsStayWithinTheScheme() {
    ViT model = quantized("W4A4", new MptqVitOptions(8, 0.5, true, true, 2, 1, 4));
    long bits = 0;
    long weights = 0;
    boolean different = false;
    for (Linear linear : model.linears()) {
      int own = ((nibble.nn.packed.PackedIntWeight) linear.matrix()).weights().bits();
      bits += own * linear.weight().shape().size();
      weights += linear.weight().shape().size();
      different |= own != 4;
    }
    assertTrue(bits <= 4 * weights && different, bits + " " + weights);
  }

  /** With weights of one size and losses that fall ever less, the greedy choice is the best one. */
  @Property(tries = 40)
  void greedyIsBestWhereLossesAreConvexAndSizesEqual(@ForAll long seed) {
    Random random = new Random(seed);
    List<LayerGroup> groups = new ArrayList<>();
    List<double[]> errors = new ArrayList<>();
    for (int g = 0; g < 4; g++) {
      Sites sites = new Sites();
      Linear linear =
          new Linear(
              "l" + g,
              new Parameter("l" + g + ".weight", Tensor.zeros(2, 3)),
              null,
              sites.add("l" + g + ".input"),
              sites);
      groups.add(new LayerGroup(linear.input(), List.of(linear)));
      double scale = random.nextDouble() + 0.01;
      errors.add(new double[] {8 * scale, 3 * scale, scale});
    }
    SensitivityTable table = new SensitivityTable(groups, -1, errors);
    Map<String, Integer> chosen = GreedyBits.choose(table, 1);
    double found = 0;
    int sum = 0;
    for (int g = 0; g < 4; g++) {
      int change = chosen.get(groups.get(g).name());
      sum += change;
      found += table.error(g, change);
    }
    assertTrue(sum <= 0);
    double best = Double.POSITIVE_INFINITY;
    for (int code = 0; code < 81; code++) {
      int[] change = {code % 3 - 1, code / 3 % 3 - 1, code / 9 % 3 - 1, code / 27 - 1};
      if (change[0] + change[1] + change[2] + change[3] <= 0) {
        double total = 0;
        for (int g = 0; g < 4; g++) {
          total += table.error(g, change[g]);
        }
        best = Math.min(best, total);
      }
    }
    assertEquals(best, found, 1e-9);
  }

  @Test
  void optionsAreThoseOfTheCard() {
    assertEquals(MptqVitOptions.DEFAULTS, MptqVitOptions.of(MptqVit.CARD.resolve(Map.of())));
  }
}
