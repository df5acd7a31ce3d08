package nibble.quant.ptq4vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Linear;
import nibble.nn.site.LevelQuantizer;
import nibble.nn.site.StoredFunction;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.fisher.ProductSamples;
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

class Ptq4VitTest {
  private static final Ptq4VitOptions QUICK =
      new Ptq4VitOptions(4, 64, 4, 20, 2, 0.01, 1.2, Ptq4VitOptions.Metric.HESSIAN, true, true);

  private final Ops ops = Ops.serial();

  private static ViT model(long seed) {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), seed);
  }

  private MethodReport apply(ViT model, String scheme, Ptq4VitOptions options, SiteRules rules) {
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(4, 1), null)));
    return new Ptq4Vit(options)
        .apply(
            ModelTask.of(ops, model, () -> model(3), samples, Scheme.parse(scheme), 7)
                .withRules(rules));
  }

  private float[] logits(ViT model) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, RandomModels.pixels(4, 2)).toFloats();
    }
  }

  @Property(tries = 40)
  void theSearchNeverLosesTheFirstScale(
      @ForAll @IntRange(min = 1, max = 50) int count,
      @ForAll @IntRange(min = 0, max = 100) int place) {
    Candidates.Distance distance = s -> Math.abs(s - place / 50.0);
    Candidates.Found found = new Candidates(count, 0.01, 1.2).best(1, distance);
    assertTrue(found.distance() <= found.firstDistance());
    assertEquals(distance.of(found.scale()), found.distance());
  }

  @Test
  void gradientsOfOneMakeTheMetricAMeanSquare() {
    Tensor output = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
    Tensor other = Tensor.of(new float[] {1, 1, 3, 6}, 2, 2);
    assertEquals(2.5, OutputDistance.of(output, null).to(other));
    assertEquals(
        2.5, OutputDistance.of(output, Tensor.of(new float[] {1, 1, 1, 1}, 2, 2)).to(other));
    assertEquals(
        0.5, OutputDistance.of(output, Tensor.of(new float[] {1, 1, 1, 0}, 2, 2)).to(other));
  }

  @Test
  void eightBitsHardlyChangeTheLogitsAndTheSearchHelps() {
    float[] expected = logits(model(3));
    for (Ptq4VitOptions.Metric metric : Ptq4VitOptions.Metric.values()) {
      ViT model = model(3);
      MethodReport report =
          apply(
              model,
              "W8A8",
              new Ptq4VitOptions(4, 64, 4, 20, 2, 0.01, 1.2, metric, true, true),
              SiteRules.NONE);
      assertTrue(
          RandomModels.relativeDifference(logits(model), expected) < 0.1,
          metric + ": " + RandomModels.relativeDifference(logits(model), expected));
      List<Double> distances = List.copyOf(report.facts().values());
      assertTrue(distances.get(1) < distances.get(0), distances.toString());
      assertEquals(model.linears().size(), report.layers().size());
    }
  }

  @Test
  void twinGridsStandWhereTheyBelong() {
    ViT model = model(3);
    MethodReport unused = apply(model, "W6A6", QUICK, SiteRules.NONE);
    for (String name : List.of("blocks.0.attn.probs", "blocks.1.mlp.fc2.input")) {
      assertTrue(model.sites().get(name).functions().getFirst() instanceof LevelQuantizer, name);
    }
    assertTrue(model.sites().get("blocks.0.mlp.fc1.input").isIdentity(), "the kernel quantizes it");
    assertEquals(
        "INT6 symmetric",
        ((StoredFunction) model.sites().get("blocks.0.attn.q_out").functions().getFirst())
            .format());
  }

  /**
   * The mean error that rounding of the weights leaves, with quantized inputs, is what the bias
   * loses.
   */
  @Test
  void biasCorrectionIsTheMeanErrorOfTheWeights() {
    ViT model = model(3);
    ProductSamples samples =
        ProductSamples.forward(ops, model, List.of(RandomModels.pixels(4, 1)), 1000, 4);
    Linear fc1 = model.linear("blocks.0.mlp.fc1");
    LinearSearch search =
        new LinearSearch(
            ops,
            new LinkedHashMap<>(Map.of(fc1, OptionalInt.of(4))),
            OptionalInt.of(6),
            samples,
            QUICK);
    StoredFunction quantizer = search.quantizer();
    Tensor x =
        quantizer == null ? samples.of(fc1).input() : quantizer.apply(ops, samples.of(fc1).input());
    Tensor rounded = Tensor.of(search.codes().get(fc1).dequantize(), fc1.out(), fc1.in());
    float[] error = search.biasErrors().get(fc1);
    Tensor corrected = ops.sub(ops.linear(x, rounded, null), Tensor.of(error, error.length));
    float[] mean =
        ops.mean(ops.sub(corrected, ops.linear(x, fc1.weight().floats(), null)), 0, false)
            .toFloats();
    for (float value : mean) {
      assertEquals(0, value, 1e-5);
    }
  }

  @Test
  void sameSeedSameModel() {
    ViT first = model(3);
    ViT second = model(3);
    MethodReport a = apply(first, "W4A4", QUICK, SiteRules.NONE);
    MethodReport b = apply(second, "W4A4", QUICK, SiteRules.NONE);
    assertEquals(a.facts(), b.facts());
    org.junit.jupiter.api.Assertions.assertArrayEquals(logits(first), logits(second));
  }

  @Test
  void halfAProductIsRefused() {
    SiteRules rules = SiteRules.NONE.with("*.k_out", SiteRule.keepFloat());
    String message =
        assertThrows(IllegalArgumentException.class, () -> apply(model(3), "W6A6", QUICK, rules))
            .getMessage();
    assertTrue(message.contains("'blocks.0.attn.q_out' and 'blocks.0.attn.k_out'"), message);
  }

  @Test
  void wrongOptionsAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Ptq4VitOptions(0, 1, 1, 1, 1, 0.1, 1, Ptq4VitOptions.Metric.MSE, true, true));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Ptq4VitOptions(1, 1, 1, 1, 1, 1, 0.5, Ptq4VitOptions.Metric.MSE, true, true));
  }
}
