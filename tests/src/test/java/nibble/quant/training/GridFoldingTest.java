package nibble.quant.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.lsq.LearnedQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Learned scales and offsets in weights: GPLQ's fold. */
class GridFoldingTest {
  private static final int HIDDEN = 16;
  private static final int ROWS = 7;

  private final Ops ops = Ops.serial();

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 7);
  }

  private static LearnedQuantizer quantizer(
      Site site, Random random, int bits, int scales, boolean offsets) {
    float[] s = RandomModels.gaussian(random, scales, 0.4f, 0.05f);
    float[] beta = RandomModels.gaussian(random, scales, -2, 0.3f);
    int[] shape = scales == 1 ? new int[0] : new int[] {scales};
    return offsets
        ? LearnedQuantizer.withOffset(
            site.name(), bits, Tensor.of(s, shape), Tensor.of(beta, shape))
        : LearnedQuantizer.of(site.name(), bits, false, Tensor.of(s, shape));
  }

  /**
   * Behind the norm that takes scales and in the site where none can: the float function stays, one
   * scale of 1 is left, and what the quantizer made of an input, times the weights, is what its
   * codes make of the changed input, times the changed weights. Values within 1e-3 of a border
   * between two codes are taken as they are rounded first.
   */
  @Property(tries = 40)
  void codesTimesFoldedWeightsAreTheQuantizedProduct(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean perChannel,
      @ForAll boolean offsets,
      @ForAll boolean behindNorm) {
    if (!perChannel && !offsets) {
      return; // nothing to fold
    }
    Random random = new Random(seed);
    ViT model = model();
    Linear linear = model.linear(behindNorm ? "blocks.0.mlp.fc1" : "blocks.0.attn.proj");
    Site site = linear.input();
    LearnedQuantizer learned = quantizer(site, random, bits, perChannel ? HIDDEN : 1, offsets);
    float[] s = spread(learned.scale());
    float[] beta = learned.offset().map(GridFoldingTest::spread).orElse(new float[HIDDEN]);
    float[] values = RandomModels.gaussian(random, ROWS * HIDDEN, 0, 1);
    for (int i = 0; i < values.length; i++) {
      int j = i % HIDDEN;
      double t = (values[i] - beta[j]) / s[j];
      double border = t - Math.floor(t) - 0.5;
      values[i] += Math.abs(border) < 1e-3 ? 0.01f * s[j] : 0;
    }
    Tensor x = Tensor.of(values, ROWS, HIDDEN);
    try (var inference = ops.noGrad()) {
      Tensor pixels = RandomModels.pixels(2, 3);
      float[] logits = model.forward(ops, pixels).toFloats();
      float[] expected =
          ops.linear(learned.apply(ops, x), linear.weight().floats(), bias(linear)).toFloats();
      StoredFunction frozen = GridFolding.frozen(model, site, learned);
      assertTrue(
          frozen instanceof UniformQuantizer uniform
              && uniform.scales().size() == 1
              && uniform.scales().item() == 1,
          frozen.format());
      assertEquals(behindNorm, site.isIdentity(), "a norm takes what it can");
      assertTrue(
          RandomModels.relativeDifference(model.forward(ops, pixels).toFloats(), logits) < 1e-4);
      Tensor changed = behindNorm ? changed(x, s, beta, zeroPoint(frozen)) : site.apply(ops, x);
      float[] actual =
          ops.linear(frozen.apply(ops, changed), linear.weight().floats(), bias(linear)).toFloats();
      assertTrue(RandomModels.relativeDifference(actual, expected) < 1e-4);
    }
  }

  /** What the norm gives after the fold: {@code (x - beta) / s - z}. */
  private static Tensor changed(Tensor x, float[] s, float[] beta, float z) {
    float[] values = x.toFloats();
    for (int i = 0; i < values.length; i++) {
      int j = i % HIDDEN;
      values[i] = (values[i] - beta[j]) / s[j] - z;
    }
    return Tensor.of(values, ROWS, HIDDEN);
  }

  private static float zeroPoint(StoredFunction frozen) {
    Tensor points = ((UniformQuantizer) frozen).zeroPoints();
    return points == null ? 0 : points.item();
  }

  private static Tensor bias(Linear linear) {
    return linear.ensureBias().floats();
  }

  private static float[] spread(Tensor x) {
    float[] values = x.toFloats();
    float[] all = new float[HIDDEN];
    for (int j = 0; j < HIDDEN; j++) {
      all[j] = values[values.length == 1 ? 0 : j];
    }
    return all;
  }

  /** Values that no linear layer reads keep their scales; offsets have no place there. */
  @Test
  void otherSitesKeepTheirScales() {
    ViT model = model();
    Site values = model.sites().get("blocks.0.attn.v_out");
    LearnedQuantizer learned =
        LearnedQuantizer.of(values.name(), 4, false, Tensor.of(new float[] {1, 2}, 2, 1, 1));
    assertTrue(
        GridFolding.frozen(model, values, learned) instanceof UniformQuantizer uniform
            && uniform.scales().size() == 2);
    LearnedQuantizer withOffset =
        LearnedQuantizer.withOffset(
            values.name(), 4, Tensor.of(new float[] {1}, 1), Tensor.of(new float[] {0.5f}, 1));
    assertThrows(IllegalStateException.class, () -> GridFolding.frozen(model, values, withOffset));
  }
}
