package nibble.quant.noisyquant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.site.ChannelShift;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Ops;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** NoisyQuant on a whole model. */
class NoisyQuantTest {
  private final Ops ops = Ops.serial();

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 7);
  }

  private static Map<String, float[]> values(ViT model) {
    Map<String, float[]> values = new HashMap<>();
    for (Parameter parameter : model.parameters()) {
      values.put(parameter.name(), parameter.peek().toFloats());
    }
    return values;
  }

  /**
   * {@code W (x + N) + u' = W x + u} with {@code u' = u - W N}, W what the codes stand for: N is
   * what the norm before the layer got more, or what stands in its site.
   */
  @Test
  void biasesTakeTheNoiseOutAgain() {
    Map<String, float[]> before = values(model());
    ViT model = model();
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(8, 3), null)));
    MethodReport report =
        new NoisyQuant(NoisyQuantOptions.DEFAULTS)
            .apply(
                ModelTask.of(ops, model, NoisyQuantTest::model, samples, Scheme.parse("W4A4"), 3));
    Map<String, float[]> after = values(model);
    int noisy = 0;
    for (Linear linear : model.linears()) {
      float[] noise = noise(model, linear, before, after);
      String name = linear.input().name();
      boolean helps =
          report.facts().get("error with noise/" + name)
              < report.facts().get("error without noise/" + name);
      assertEquals(helps, largest(noise) > 0, name);
      noisy += helps ? 1 : 0;
      float[] w = ((PackedIntWeight) linear.matrix()).dequantized().toFloats();
      String bias = linear.ensureBias().name();
      for (int row = 0; row < linear.out(); row++) {
        double expected = before.get(bias)[row];
        double size = Math.abs(expected);
        for (int j = 0; j < noise.length; j++) {
          expected -= (double) w[row * noise.length + j] * noise[j];
          size += Math.abs(w[row * noise.length + j]);
        }
        // noise that is found as a difference of floats near 1 is known to 2^-23
        assertEquals(expected, after.get(bias)[row], 0x1p-21 * (1 + size), bias);
      }
    }
    assertTrue(noisy > 0, "noise helps somewhere");
  }

  private static float[] noise(
      ViT model, Linear linear, Map<String, float[]> before, Map<String, float[]> after) {
    float[] noise = new float[linear.in()];
    String norm = norm(linear.name());
    for (int j = 0; j < noise.length && !norm.isEmpty(); j++) {
      noise[j] = after.get(norm)[j] - before.get(norm)[j];
    }
    for (var function : linear.input().functions()) {
      if (function instanceof ChannelShift shift) {
        float[] moved = shift.stored().tensors().values().iterator().next().toFloats();
        for (int j = 0; j < noise.length; j++) {
          noise[j] += moved[j];
        }
      }
    }
    return noise;
  }

  private static String norm(String linear) {
    String layer = linear.replaceAll("blocks\\.(\\d+)\\..*", "vit.encoder.layer.$1.");
    if (linear.matches(".*attn\\.[qkv]")) {
      return layer + "layernorm_before.bias";
    }
    if (linear.equals("head")) {
      return "vit.layernorm.bias";
    }
    return linear.endsWith("fc1") ? layer + "layernorm_after.bias" : "";
  }

  private static float largest(float[] x) {
    float largest = 0;
    for (float value : x) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }
}
