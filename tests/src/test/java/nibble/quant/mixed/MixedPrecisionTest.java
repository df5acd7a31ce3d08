package nibble.quant.mixed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.recipe.SiteRule;
import nibble.quant.recipe.SiteRules;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Mixed precision on a small model. */
class MixedPrecisionTest {
  private final Ops ops = Ops.serial();

  private static ViT model(long seed) {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), seed);
  }

  private ViT quantized(int below, int above, long seed, SiteRules rules) {
    ViT model = model(seed);
    SampleSource samples =
        SampleSource.of(List.of(new Samples(RandomModels.pixels(8, seed), null)));
    MethodReport report =
        new MixedPrecision(new MixedOptions(8, below, above))
            .apply(
                ModelTask.of(ops, model, () -> model(seed), samples, Scheme.parse("W4A16"), 0)
                    .withRules(rules));
    assertEquals(model.linears().size(), report.layers().size());
    return model;
  }

  private double error(ViT model, long seed) {
    Tensor pixels = RandomModels.pixels(8, seed);
    try (var inference = ops.noGrad()) {
      return ops.mse(model.forward(ops, pixels), model(seed).forward(ops, pixels)).item();
    }
  }

  private static int bits(Linear linear) {
    return linear.matrix() instanceof PackedIntWeight packed ? packed.weights().bits() : 0;
  }

  @Test
  void takesNoMoreThanTheSchemeAndLosesLess() {
    double mixed = 0;
    double uniform = 0;
    for (long seed = 1; seed <= 4; seed++) {
      ViT model = quantized(1, 2, seed, SiteRules.NONE);
      long used =
          model.linears().stream().mapToLong(l -> bits(l) * l.weight().shape().size()).sum();
      long all = model.linears().stream().mapToLong(l -> l.weight().shape().size()).sum();
      assertTrue(used <= 4 * all, used + " of " + 4 * all);
      assertTrue(model.linears().stream().map(MixedPrecisionTest::bits).distinct().count() > 1);
      mixed += error(model, seed);
      uniform += error(quantized(0, 0, seed, SiteRules.NONE), seed);
    }
    assertTrue(mixed < uniform, mixed + " " + uniform);
  }

  @Test
  void layersWithRulesKeepTheirBits() {
    ViT model = quantized(1, 2, 1, SiteRules.NONE.with("head*", SiteRule.bits(8)));
    assertEquals(8, bits(model.linear("head")));
    assertEquals(MixedOptions.DEFAULTS, MixedOptions.of(MixedPrecision.CARD.resolve(Map.of())));
  }
}
