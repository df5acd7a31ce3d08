package nibble.quant.rsq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Model;
import nibble.nn.TokenIds;
import nibble.nn.vit.ViTConfig;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.gptq.Gptq;
import nibble.quant.gptq.GptqOptions;
import nibble.quant.model.LayerResult;
import nibble.quant.observer.AttentionConcentration;
import nibble.quant.observer.Hessian;
import nibble.quant.observer.HessianAccumulator;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.LayerCodes;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class RsqTest {
  @Property(tries = 200)
  void weightsHaveTheMeanOneAndTheRatioOfTheRule(
      @ForAll @IntRange(min = 2, max = 60) int tokens,
      @ForAll @DoubleRange(min = 0.01, max = 1) double least,
      @ForAll long seed) {
    Random random = new Random(seed);
    double[] c = random.doubles(tokens, 0, 9).toArray();
    float[] weights = new AttentionConcentration(least).weights(c);
    double sum = 0;
    float min = Float.MAX_VALUE;
    float max = 0;
    for (float w : weights) {
      sum += w;
      min = Math.min(min, w);
      max = Math.max(max, w);
    }
    assertEquals(tokens, sum, 1e-4 * tokens);
    assertEquals(least, min / max, 1e-5);
  }

  @Test
  void equalAttentionAndALeastWeightOfOneWeighAlike() {
    assertArrayEquals(
        new float[] {1, 1, 1}, new AttentionConcentration(0.01).weights(new double[] {2, 2, 2}));
    assertArrayEquals(
        new float[] {1, 1}, new AttentionConcentration(1).weights(new double[] {2, 7}));
    assertThrows(IllegalArgumentException.class, () -> new AttentionConcentration(0));
  }

  @Test
  void columnSumsAddHeadsAndQueries() {
    float[] maps = {9, 0.5f, 0.5f, 1, 0, 0.25f, 0.75f};
    assertArrayEquals(new double[] {1.75, 1.25}, AttentionConcentration.columnSums(maps, 1, 3, 2));
  }

  private static List<LayerResult> quantize(
      Ops ops, Model model, String method, Map<String, String> options, List<Tensor> inputs) {
    MethodCatalogue catalogue = MethodCatalogue.standard();
    RecipeRunner runner =
        new RecipeRunner(
            catalogue, Presets.recipe(catalogue, method, options, Scheme.parse("W3A16"), 3));
    return new ArrayList<>(runner.run(ops, model, inputs, (result, done, total) -> {}));
  }

  private static List<Tensor> texts() {
    return List.of(
        TokenIds.tensor(RandomTextModels.ids(30, 1)), TokenIds.tensor(RandomTextModels.ids(17, 2)));
  }

  /** With equal weights it is GPTQ to the bit; with others it is not. */
  @Test
  void leastWeightOneIsGptq() {
    try (Ops ops = Ops.serial()) {
      Model gptq = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
      Model alike = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
      Model rsq = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
      List<LayerResult> expected = quantize(ops, gptq, "gptq", Map.of(), texts());
      List<LayerResult> same = quantize(ops, alike, "rsq", Map.of("least-weight", "1"), texts());
      List<LayerResult> other = quantize(ops, rsq, "rsq", Map.of(), texts());
      boolean differs = false;
      for (int i = 0; i < expected.size(); i++) {
        assertArrayEquals(codes(expected.get(i)), codes(same.get(i)), expected.get(i).name());
        differs |= !Arrays.equals(codes(expected.get(i)), codes(other.get(i)));
      }
      assertTrue(differs);
    }
  }

  private static byte[] codes(LayerResult result) {
    return LayerCodes.of(result).codes();
  }

  /**
   * On its own objective it is better than GPTQ, on GPTQ's GPTQ is better: important tokens are
   * correlated otherwise than the others, so that errors that cancel for the one kind add up for
   * the other. Sums over several layers: both are greedy.
   */
  @Test
  void eachIsBetterOnItsOwnLoss() {
    double[][] losses = new double[2][2];
    try (WorkSplitter serial = WorkSplitter.serial()) {
      for (int seed = 0; seed < 6; seed++) {
        Random random = new Random(seed);
        int in = 24;
        int tokens = 400;
        float[] x = new float[tokens * in];
        for (int t = 0; t < tokens; t++) {
          float[] row = RandomModels.gaussian(random, in, 0, 1);
          float common = 2 * (float) random.nextGaussian();
          for (int i = 0; i < in; i++) { // important tokens have another correlation
            x[t * in + i] = row[i] + (t < 40 && i % 2 == 0 ? -common : common);
          }
        }
        double[] c = new double[tokens];
        Arrays.fill(c, 0, 40, 1);
        float[] r = new AttentionConcentration(0.005).weights(c);
        Hessian plain = hessian(x, tokens, in, null, serial);
        Hessian weighted = hessian(x, tokens, in, r, serial);
        float[] w = RandomModels.gaussian(random, 16 * in, 0, 1);
        for (int method = 0; method < 2; method++) {
          QuantizedTensor codes =
              new Gptq(GptqOptions.DEFAULTS)
                  .quantize(
                      "w",
                      Tensor.of(w, 16, in),
                      method == 0 ? plain : weighted,
                      WeightScheme.ofBits(3),
                      serial);
          float[] back = codes.dequantize();
          double[] d = new double[w.length];
          for (int i = 0; i < d.length; i++) {
            d[i] = w[i] - back[i];
          }
          losses[method][0] += plain.errorOf(d, 16);
          losses[method][1] += weighted.errorOf(d, 16);
        }
      }
    }
    assertTrue(
        losses[1][1] < 0.7 * losses[0][1], "weighted: " + losses[1][1] + " of " + losses[0][1]);
    assertTrue(
        losses[0][0] < 0.7 * losses[1][0], "unweighted: " + losses[0][0] + " of " + losses[1][0]);
  }

  private static Hessian hessian(
      float[] x, int tokens, int in, float[] weights, WorkSplitter splitter) {
    HessianAccumulator sum = new HessianAccumulator("w", in);
    if (weights == null) {
      sum.add(x, 0, tokens, splitter);
    } else {
      sum.add(x, 0, tokens, weights, splitter);
    }
    return sum.hessian();
  }

  /** Attention of both directions too: an encoder of images. */
  @Test
  void imageModelsHaveAttentionToo() {
    try (Ops ops = Ops.serial()) {
      Model model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 4);
      Model other = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 4);
      List<Tensor> pixels = List.of(RandomModels.pixels(3, 1));
      byte[] rsq = codes(quantize(ops, model, "rsq", Map.of(), pixels).get(4));
      byte[] gptq = codes(quantize(ops, other, "gptq", Map.of(), pixels).get(4));
      assertTrue(!Arrays.equals(rsq, gptq));
    }
  }
}
