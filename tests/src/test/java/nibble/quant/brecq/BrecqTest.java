package nibble.quant.brecq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import nibble.nn.Linear;
import nibble.nn.site.UniformQuantizer;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.reconstruct.DroppedQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** BRECQ and QDrop. */
class BrecqTest {
  private static final BrecqOptions QUICK =
      new BrecqOptions(16, 60, 8, 0.03, BrecqOptions.Loss.MSE);

  private final Ops ops = Ops.serial();

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 3);
  }

  private MethodReport apply(ModelMethod method, ViT model, String scheme) {
    SampleSource samples =
        SampleSource.of(
            List.of(
                new Samples(RandomModels.pixels(8, 1), null),
                new Samples(RandomModels.pixels(8, 2), null)));
    return method.apply(
        ModelTask.of(ops, model, BrecqTest::model, samples, Scheme.parse(scheme), 7));
  }

  @Test
  void noPartIsWorseThanWithNearestCodesAndSomeAreMuchBetter() {
    for (ModelMethod method : List.of(new Brecq(QUICK), new QDrop(QUICK))) {
      ViT model = model();
      MethodReport report = apply(method, model, "W3A8");
      Map<String, Double> facts = report.facts();
      double gain = 1;
      for (String part : List.of("embedding", "blocks.0", "blocks.1", "head")) {
        double nearest = facts.get("error with nearest codes/" + part);
        double learned = facts.get("error with learned codes/" + part);
        assertTrue(learned <= nearest, part);
        gain = Math.min(gain, learned / nearest);
      }
      assertTrue(gain < 0.8, method.name() + ": " + facts);
      assertEquals(model.linears().size(), report.layers().size());
    }
  }

  /** Weighted by gradients: still never worse by its own measure, and another result. */
  @ParameterizedTest
  @EnumSource(
      value = BrecqOptions.Loss.class,
      names = {"FISHER", "FISHER_FULL"})
  void errorsAreWeightedByGradients(BrecqOptions.Loss loss) {
    ViT model = model();
    MethodReport report = apply(new Brecq(new BrecqOptions(16, 60, 8, 0.03, loss)), model, "W3A8");
    double gain = 1;
    for (String part : List.of("embedding", "blocks.0", "blocks.1", "head")) {
      double nearest = report.facts().get("error with nearest codes/" + part);
      double learned = report.facts().get("error with learned codes/" + part);
      assertTrue(learned <= nearest, part);
      gain = Math.min(gain, learned / nearest);
    }
    assertTrue(gain < 0.8, loss + ": " + report.facts());
    ViT plain = model();
    MethodReport other = apply(new Brecq(QUICK), plain, "W3A8");
    assertNotEquals(other.facts(), report.facts());
  }

  @Test
  void codesAreFloorOrCeiling() {
    ViT model = model();
    ViT original = model();
    MethodReport unused = apply(new Brecq(QUICK), model, "W4A16");
    for (Linear linear : model.linears()) {
      float[] w = original.linear(linear.name()).weight().floats().toFloats();
      float[] q = linear.weight().peek().toFloats();
      for (int row = 0; row < linear.out(); row++) {
        float largest = 0;
        for (int i = row * linear.in(); i < (row + 1) * linear.in(); i++) {
          largest = Math.max(largest, Math.abs(q[i]));
        }
        for (int i = row * linear.in(); i < (row + 1) * linear.in(); i++) {
          boolean clipped = Math.abs(q[i]) >= largest * 0.85f;
          assertTrue(
              clipped || Math.abs(q[i] - w[i]) <= largest / 6, linear.name() + " element " + i);
        }
      }
    }
  }

  @Test
  void sameSeedSameModel() {
    ViT first = model();
    ViT second = model();
    MethodReport a = apply(new QDrop(QUICK), first, "W4A4");
    MethodReport b = apply(new QDrop(QUICK), second, "W4A4");
    assertEquals(a.facts(), b.facts());
    try (var inference = ops.noGrad()) {
      assertArrayEquals(
          first.forward(ops, RandomModels.pixels(2, 5)).toFloats(),
          second.forward(ops, RandomModels.pixels(2, 5)).toFloats());
    }
  }

  /**
   * While learning, every element is either quantized or in float, about half of each; afterwards
   * all are quantized.
   */
  @Test
  void halfOfTheElementsAreLeftInFloat() {
    UniformQuantizer quantizer = UniformQuantizer.symmetric(2, Tensor.scalar(1));
    float[] values = new float[10_000];
    java.util.Arrays.fill(values, 0.4f);
    Tensor x = Tensor.of(values, values.length).requireGrad();
    DroppedQuantizer dropped = new DroppedQuantizer(quantizer, 0.5, new SplittableRandom(1));
    int exact = 0;
    for (float value : dropped.apply(ops, x).toFloats()) {
      assertTrue(value == 0.4f || value == 0);
      exact += value == 0.4f ? 1 : 0;
    }
    assertEquals(5000, exact, 5 * 50); // five standard deviations
    try (var inference = ops.noGrad()) {
      for (float value : dropped.apply(ops, x).toFloats()) {
        assertEquals(0, value);
      }
    }
  }

  /** A share of 0 left in float is the plain quantizer, of 1 the float model. */
  @Test
  void noneOrAllMayBeLeftInFloat() {
    UniformQuantizer quantizer = UniformQuantizer.symmetric(3, Tensor.scalar(0.3f));
    Tensor x = Tensor.of(RandomModels.gaussian(new Random(1), 500, 0, 1), 500).requireGrad();
    assertArrayEquals(
        quantizer.apply(ops, x).toFloats(),
        new DroppedQuantizer(quantizer, 0, new SplittableRandom(1)).apply(ops, x).toFloats());
    assertArrayEquals(
        x.toFloats(),
        new DroppedQuantizer(quantizer, 1, new SplittableRandom(1)).apply(ops, x).toFloats());
  }

  @Test
  void wrongOptionsAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new BrecqOptions(0, 1, 1, 0.1, BrecqOptions.Loss.MSE));
    assertThrows(
        IllegalArgumentException.class, () -> new BrecqOptions(1, 1, 1, 0, BrecqOptions.Loss.MSE));
  }
}
