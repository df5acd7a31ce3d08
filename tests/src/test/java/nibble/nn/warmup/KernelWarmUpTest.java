package nibble.nn.warmup;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.nn.Activation;
import nibble.nn.FloatWeight;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.RandomWeights;
import nibble.nn.WeightMatrix;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class KernelWarmUpTest {
  private static ViT model() {
    ViTConfig config =
        new ViTConfig(
            ViTConfig.VIT,
            32,
            8,
            3,
            32,
            2,
            2,
            64,
            Activation.GELU,
            1e-6f,
            true,
            10,
            Norm.Kind.LAYER);
    return new ViT(config, new RandomWeights(new Random(1), 0.1f));
  }

  private static float[] logits(ViT model) {
    float[] pixels = new float[3 * 32 * 32];
    Random random = new Random(2);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    try (Ops ops = Ops.serial();
        Ops.Mode inference = ops.noGrad()) {
      return model.forward(ops, Tensor.of(pixels, 1, 3, 32, 32)).toFloats();
    }
  }

  /** With the time for all rounds, for some, and for none. */
  @ParameterizedTest
  @ValueSource(ints = {0, 30, 20_000})
  void resultsAreThoseOfAModelThatWasNotPrepared(int millis) {
    ViT prepared = model();
    KernelWarmUp.start(prepared, Duration.ofMillis(millis)).await();
    assertArrayEquals(logits(model()), logits(prepared));
  }

  @Test
  void packedLayersStayAsTheyAre() {
    ViT model = model();
    Linear layer = model.linears().get(1);
    PackedIntWeight packed = weight(layer.out(), layer.in(), 4, layer.in(), true, quantizer("A8"));
    layer.execute(packed);
    KernelWarmUp.start(model, Duration.ofMillis(20)).await();
    assertEquals(packed, layer.matrix());
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "BF16"})
  void sampleOfAFloatWeightHasItsForm(DType dtype) {
    FloatWeight weight = FloatWeight.of(Tensor.zeros(100, 40).to(dtype));
    assertRuns(weight, weight.sample().orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(strings = {"A16", "A8", "A4"})
  void sampleOfPackedIntegersHasItsForm(String activations) {
    for (int bits : new int[] {2, 3, 4, 8}) {
      for (int group : new int[] {32, 128, 256}) {
        for (boolean symmetric : new boolean[] {true, false}) {
          PackedIntWeight weight = weight(48, 256, bits, group, symmetric, quantizer(activations));
          assertRuns(weight, weight.sample().orElseThrow());
        }
      }
    }
  }

  private static ActivationQuantizer quantizer(String activations) {
    return activations.equals("A16")
        ? null
        : ActivationQuantizer.perToken(activations.equals("A8") ? 8 : 4, true);
  }

  private static PackedIntWeight weight(
      int out, int in, int bits, int group, boolean symmetric, ActivationQuantizer quantizer) {
    byte[] codes = new byte[out * in];
    float[] scales = new float[out * (in / group)];
    Arrays.fill(codes, (byte) 1);
    Arrays.fill(scales, 0.1f);
    return new PackedIntWeight(
        symmetric
            ? IntWeights.packSymmetric(codes, scales, out, in, bits, group)
            : IntWeights.packAsymmetric(
                codes, scales, new int[scales.length], out, in, bits, group),
        quantizer);
  }

  private static void assertRuns(WeightMatrix weight, WeightMatrix sample) {
    assertEquals(weight.format(), sample.format());
    assertTrue(sample.bytes() < 100_000, () -> sample.format() + ": " + sample.bytes());
    TinyLayer layer = new TinyLayer(sample, false);
    try (Ops ops = Ops.serial()) {
      layer.forward(ops, 0);
    }
  }
}
