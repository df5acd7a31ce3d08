package nibble.quant.qwt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.AffineMap;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Maps beside blocks. */
class QwtTest {
  private final Ops ops = Ops.serial();

  private static ViT model(long seed) {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 3, 24, true), seed);
  }

  private ViT quantized(String method, String scheme, long seed, Map<String, String> options) {
    ViT model = model(seed);
    MethodCatalogue catalogue = MethodCatalogue.standard();
    RecipeRunner runner =
        new RecipeRunner(
            catalogue, Presets.recipe(catalogue, method, options, Scheme.parse(scheme), 3));
    SampleSource samples =
        SampleSource.of(
            List.of(
                new Samples(RandomModels.pixels(24, seed), null),
                new Samples(RandomModels.pixels(16, seed + 1), null)));
    MethodReport report =
        runner.run(
            ops, model, () -> model(seed), samples, 0, MethodProgress.NONE, ResumeStore.NONE);
    assertTrue(!report.layers().isEmpty());
    return model;
  }

  /** In sample, and without a ridge, no map makes its block worse. */
  @Property(tries = 5)
  void noBlockGetsWorse(@ForAll @IntRange(min = 0, max = 1_000_000) int seed) {
    ViT model = quantized("rtn+qwt", "W3A16", seed, Map.of("ridge", "0"));
    ViT original = model(seed);
    try (var inference = ops.noGrad()) {
      Tensor[] stream = {
        model.embed(ops, RandomModels.pixels(24, seed)),
        model.embed(ops, RandomModels.pixels(16, seed + 1))
      };
      for (int i = 0; i < 3; i++) {
        Block block = model.blocks().get(i);
        double with = 0;
        double without = 0;
        for (int part = 0; part < stream.length; part++) {
          Block same = original.blocks().get(i);
          Tensor wanted = same.forward(ops, stream[part]);
          Tensor compensated = model.through(ops, block, stream[part]);
          with += ops.mse(compensated, wanted).item() * wanted.size();
          without += ops.mse(block.forward(ops, stream[part]), wanted).item() * wanted.size();
          stream[part] = compensated;
        }
        assertTrue(with <= without * 1.001, block.name() + ": " + with + " after " + without);
        assertTrue(model.sites().beside().containsKey(block.name()));
      }
    }
  }

  @Test
  void aPerfectBlockGetsNoMap() {
    ViT model = model(1);
    Map<String, Double> explained =
        new BlockCompensation(ops, 1e-6, 0)
            .fit(model, model(1), List.of(RandomModels.pixels(20, 1)), MethodProgress.NONE);
    assertEquals(3, explained.size());
    for (AffineMap map : model.sites().beside().values()) {
      for (float value : map.weight().toFloats()) {
        assertEquals(0, value, 1e-6);
      }
    }
  }

  /** Where the target is the block and a linear map, that map is found. */
  @Test
  void findsWhatIsMissing() {
    ViT model = model(2);
    ViT target = model(2);
    float[] weight = RandomModels.gaussian(new Random(5), 16 * 16, 0, 0.1f);
    float[] bias = RandomModels.gaussian(new Random(6), 16, 0, 0.1f);
    target
        .sites()
        .putBeside("blocks.1", new AffineMap(Tensor.of(weight, 16, 16), Tensor.of(bias, 16)));
    Map<String, Double> explained =
        new BlockCompensation(ops, 0, 1)
            .fit(model, target, List.of(RandomModels.pixels(40, 3)), MethodProgress.NONE);
    assertEquals(1, explained.get("blocks.1"), 1e-4);
    AffineMap map = model.sites().beside().get("blocks.1");
    assertTrue(
        map != null && !model.sites().beside().containsKey("blocks.0"),
        "the first block is left alone");
    for (int i = 0; i < weight.length; i++) {
      assertEquals(weight[i], map.weight().toFloats()[i], 1e-3);
    }
    for (int i = 0; i < bias.length; i++) {
      assertEquals(bias[i], map.bias().toFloats()[i], 1e-3);
    }
  }

  @Test
  void mendsWhateverWasQuantizedBefore() {
    for (String method : List.of("rtn+qwt", "repq-vit+qwt", "hadamard+gptq+qwt")) {
      ViT model = quantized(method, "W4A8", 7, Map.of());
      assertTrue(!model.sites().beside().isEmpty(), method);
      assertTrue(model.linears().stream().allMatch(Linear::isReplaced), method);
    }
  }
}
