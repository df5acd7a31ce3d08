package nibble.quant.ptq4vm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import nibble.nn.Linear;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.Simulation;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.brecq.BrecqOptions;
import nibble.quant.brecq.QDrop;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.training.TrainingKnobs;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** PTQ4VM on a small model. */
class Ptq4VmTest {
  private static final BrecqOptions ROUNDING =
      new BrecqOptions(16, 20, 8, 0.03, BrecqOptions.Loss.MSE);

  private final Ops ops = Ops.serial();

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 3);
  }

  private static ModelMethod method(int images) {
    return new Ptq4Vm(
        new Ptq4VmOptions(ROUNDING, 0.5, new TrainingKnobs(images, 8, 1e-3, 3e-3, 0, true, false)));
  }

  private MethodReport apply(ModelMethod method, ViT model) {
    SampleSource samples =
        SampleSource.of(
            List.of(
                new Samples(RandomModels.pixels(8, 1), null),
                new Samples(RandomModels.pixels(8, 2), null)));
    return method.apply(
        ModelTask.of(ops, model, Ptq4VmTest::model, samples, Scheme.parse("W3A3"), 7));
  }

  private float[] logits(ViT model, long seed) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, RandomModels.pixels(8, seed)).toFloats();
    }
  }

  private double error(ViT model) {
    return RandomModels.relativeDifference(logits(model, 1), logits(model(), 1))
        + RandomModels.relativeDifference(logits(model, 2), logits(model(), 2));
  }

  /** A factor in the scales is the factor of the product. */
  @Property(tries = 50)
  void factorsGoIntoScales(
      @ForAll long seed, @ForAll @FloatRange(min = 0.5f, max = 2) float gamma) {
    QuantParams params =
        new QuantParams(
            IntFormat.symmetric(4),
            new Granularity.PerChannel(),
            3,
            5,
            new float[] {0.1f, 0.2f, 0.3f},
            new byte[3]);
    float[] w = RandomModels.gaussian(new Random(seed), 15, 0, 0.5f);
    QuantizedTensor codes = new QuantizedTensor(params.quantize("w", w, 0), params);
    WeightFactor factor = new WeightFactor("w", Tensor.scalar(gamma).requireGrad());
    float[] expected = factor.apply(ops, Tensor.of(codes.dequantize(), 3, 5)).toFloats();
    assertArrayEquals(expected, factor.absorbed(codes, 1).dequantize(), 1e-6f);
    assertArrayEquals(codes.dequantize(), WeightFactor.of("w").absorbed(codes, 1).dequantize(), 0f);
    assertArrayEquals(codes.codes(), factor.absorbed(codes, 3).codes());
  }

  @Test
  void withoutTheSecondStageItIsQDrop() {
    ViT first = model();
    ViT second = model();
    MethodReport unused = apply(method(0), first);
    MethodReport other = apply(new QDrop(ROUNDING), second);
    assertEquals(other.facts(), unused.facts());
    assertArrayEquals(logits(second, 5), logits(first, 5));
  }

  @Test
  void theSecondStageBringsTheModelNearerAndLeavesTheIntegers() {
    ViT rounded = model();
    ViT calibrated = model();
    MethodReport unused = apply(method(0), rounded);
    MethodReport report = apply(method(320), calibrated);
    assertTrue(error(calibrated) < 0.95 * error(rounded), error(calibrated) + " " + error(rounded));
    boolean moved = false;
    for (Linear linear : calibrated.linears()) {
      double factor = report.facts().get("factor/" + linear.name());
      moved |= Math.abs(factor - 1) > 1e-3;
      assertTrue(factor >= 0.5 && factor <= 2);
      PackedIntWeight packed = (PackedIntWeight) linear.matrix();
      PackedIntWeight before = (PackedIntWeight) rounded.linear(linear.name()).matrix();
      for (int row = 0; row < linear.out(); row++) {
        byte[] expected = new byte[linear.in()];
        byte[] codes = new byte[linear.in()];
        before.weights().unpack(row, expected, 0);
        packed.weights().unpack(row, codes, 0);
        assertArrayEquals(expected, codes);
      }
    }
    assertTrue(moved, "factors learn");
    float[] packed = logits(calibrated, 5);
    Simulation.install(calibrated);
    assertArrayEquals(packed, logits(calibrated, 5));
  }

  @Test
  void optionsAreThoseOfTheCard() {
    assertEquals(Ptq4VmOptions.DEFAULTS, Ptq4VmOptions.of(Ptq4Vm.CARD.resolve(Map.of())));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Ptq4VmOptions(ROUNDING, 1, Ptq4VmOptions.DEFAULTS.training()));
  }
}
