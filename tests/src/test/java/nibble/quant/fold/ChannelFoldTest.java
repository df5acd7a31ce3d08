package nibble.quant.fold;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Site;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Scales and shifts that change no output. */
class ChannelFoldTest {
  private static float[] factors(Random random, int count) {
    float[] a = new float[count];
    for (int i = 0; i < count; i++) {
      a[i] = (float) Math.exp(random.nextGaussian());
    }
    return a;
  }

  @Property(tries = 12)
  void everyFoldKeepsTheFunction(@ForAll long seed, @ForAll boolean qkvBias) {
    Random random = new Random(seed);
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, qkvBias), seed);
    Ops ops = Ops.serial();
    Tensor pixels = RandomModels.pixels(2, seed);
    try (var inference = ops.noGrad()) {
      float[] before = model.forward(ops, pixels).toFloats();
      boolean[] expected = {true, false, true, false, true};
      String[] sites = {
        "blocks.0.attn.qkv.input",
        "blocks.1.attn.proj.input",
        "blocks.1.mlp.fc1.input",
        "blocks.0.mlp.fc2.input",
        "head.input"
      };
      for (int i = 0; i < sites.length; i++) {
        Site site = model.sites().get(sites[i]);
        int width = sites[i].contains("fc2") ? 24 : 16;
        boolean byNorm =
            ChannelFold.apply(
                model, site, factors(random, width), RandomModels.gaussian(random, width, 0, 0.5f));
        assertEquals(expected[i], byNorm, sites[i]);
        assertEquals(
            !byNorm, !site.isIdentity(), sites[i] + " has something to do in the forward pass");
      }
      assertTrue(
          RandomModels.relativeDifference(model.forward(ops, pixels).toFloats(), before) < 1e-4);
    }
  }

  @Property(tries = 5)
  void aScaleAloneNeedsNoBias(@ForAll @IntRange(min = 1, max = 1000) int seed) {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 1, 24, false), seed);
    boolean byNorm =
        ChannelFold.apply(
            model,
            model.sites().get("blocks.0.attn.qkv.input"),
            factors(new Random(seed), 16),
            new float[16]);
    assertTrue(byNorm);
    assertTrue(model.linear("blocks.0.attn.q").bias() == null);
  }

  @Test
  void whatDoesNotFitIsNamed() {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 1, 24, true), 1);
    Site probs = model.sites().get("blocks.0.attn.probs");
    Site input = model.sites().get("blocks.0.attn.qkv.input");
    assertThrows(
        IllegalArgumentException.class,
        () -> ChannelFold.apply(model, probs, new float[16], new float[16]));
    assertThrows(
        IllegalArgumentException.class,
        () -> ChannelFold.apply(model, input, new float[16], new float[16]));
    assertThrows(
        IllegalArgumentException.class,
        () -> ChannelFold.apply(model, input, new float[15], new float[15]));
  }
}
