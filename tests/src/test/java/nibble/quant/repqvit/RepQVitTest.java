package nibble.quant.repqvit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.packed.Simulation;
import nibble.nn.site.LevelQuantizer;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.fold.ScaleReparameterisation;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Scheme;
import nibble.quant.model.LayerResult;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** RepQ-ViT. */
class RepQVitTest {
  private final Ops ops = Ops.serial();

  private static ViT model(long seed) {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), seed);
  }

  private ViT quantized(String scheme, RepQVitOptions options, long seed) {
    ViT model = model(seed);
    SampleSource samples =
        SampleSource.of(List.of(new Samples(RandomModels.pixels(4, seed), null)));
    List<LayerResult> layers =
        new RepQVit(options)
            .apply(ModelTask.of(ops, model, () -> model(seed), samples, Scheme.parse(scheme), 0))
            .layers();
    assertEquals(model.linears().size(), layers.size());
    return model;
  }

  /**
   * Codes of one scale on the changed input are those of scales per channel on the original one.
   */
  @Property(tries = 60)
  void oneScaleTakesTheCodesOfAllChannels(
      @ForAll long seed,
      @ForAll @IntRange(min = 3, max = 8) int bits,
      @ForAll @IntRange(min = 2, max = 20) int channels) {
    Random random = new Random(seed);
    float[] values = new float[50 * channels];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          (float) (random.nextGaussian() * Math.exp(0.3 * (i % channels)) + 0.4 * (i % channels));
    }
    Tensor x = Tensor.of(values, 50, channels);
    UniformQuantizer perChannel =
        SiteGrids.fit(
            "x", x, Shape.of(channels), IntFormat.asymmetric(bits), RangeSearch.MIN_MAX, ops);
    ScaleReparameterisation change =
        ScaleReparameterisation.of(perChannel, ScaleReparameterisation.emptyChannels(x));
    float[] changed = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      changed[i] = change.factors()[i % channels] * values[i] + change.shifts()[i % channels];
    }
    float[] a = perChannel.apply(ops, x).toFloats();
    float[] b = change.quantizer().apply(ops, Tensor.of(changed, 50, channels)).toFloats();
    for (int i = 0; i < values.length; i++) {
      int channel = i % channels;
      float s = perChannel.scales().toFloats()[channel];
      Tensor points = perChannel.zeroPoints();
      Tensor sharedPoints = change.quantizer().zeroPoints();
      assertTrue(points != null && sharedPoints != null);
      double code = Math.rint(a[i] / s) + points.toFloats()[channel];
      double sharedCode =
          Math.rint(b[i] / change.quantizer().scales().item()) + sharedPoints.item();
      double position = (double) values[i] / s;
      if (Math.abs(position - Math.floor(position) - 0.5) > 1e-3) {
        assertEquals(code, sharedCode, "element " + i);
      }
    }
  }

  @Test
  void emptyChannelsDoNoHarm() {
    float[] values = {0, 5, 0, -3, 0, 1};
    Tensor x = Tensor.of(values, 3, 2);
    UniformQuantizer perChannel =
        SiteGrids.fit("x", x, Shape.of(2), IntFormat.asymmetric(4), RangeSearch.MIN_MAX, ops);
    ScaleReparameterisation change =
        ScaleReparameterisation.of(perChannel, ScaleReparameterisation.emptyChannels(x));
    assertEquals(1f, change.factors()[0]);
    assertEquals(0f, change.shifts()[0]);
    assertEquals(perChannel.scales().toFloats()[1], change.quantizer().scales().item());
  }

  @Property(tries = 6)
  void packedEqualsSimulation(
      @ForAll @IntRange(min = 0, max = 1_000_000) int seed,
      @ForAll @IntRange(min = 3, max = 8) int bits) {
    String scheme = "W%dA%d".formatted(bits, bits);
    ViT packed = quantized(scheme, RepQVitOptions.DEFAULTS, seed);
    ViT simulated = quantized(scheme, RepQVitOptions.DEFAULTS, seed);
    Simulation.install(simulated);
    Tensor pixels = RandomModels.pixels(3, seed + 1);
    try (var inference = ops.noGrad()) {
      float[] a = packed.forward(ops, pixels).toFloats();
      assertArrayEquals(a, simulated.forward(ops, pixels).toFloats());
      assertArrayEquals(
          a,
          quantized(scheme, RepQVitOptions.DEFAULTS, seed).forward(ops, pixels).toFloats(),
          "the same task gives the same model");
    }
  }

  @Test
  void errorFallsWithBitsAndReparameterisationHelps() {
    double at8 = error("W8A8", RepQVitOptions.DEFAULTS);
    double at4 = error("W4A4", RepQVitOptions.DEFAULTS);
    double perTensor =
        error(
            "W4A4",
            new RepQVitOptions(
                32, false, RepQVitOptions.Softmax.LOG_SQRT2, RepQVitOptions.DEFAULTS.zero()));
    assertTrue(at8 < at4, at8 + " " + at4);
    assertTrue(at4 < perTensor, at4 + " " + perTensor);
  }

  private double error(String scheme, RepQVitOptions options) {
    double sum = 0;
    try (var inference = ops.noGrad()) {
      for (int seed = 0; seed < 6; seed++) {
        Tensor pixels = RandomModels.pixels(6, seed + 50);
        sum +=
            ops.mse(
                    quantized(scheme, options, seed).forward(ops, pixels),
                    model(seed).forward(ops, pixels))
                .item();
      }
    }
    return sum;
  }

  @Test
  void softmaxIsLogarithmicAndTheRestUniform() {
    ViT model = quantized("W4A4", RepQVitOptions.DEFAULTS, 3);
    StoredFunction probs =
        (StoredFunction) model.sites().get("blocks.0.attn.probs").functions().getFirst();
    assertEquals(
        16, assertLevels(probs).levels().length, "an honest form of 4 bits has 16 symbols");
    assertFalse(model.sites().get("blocks.0.attn.q_out").isIdentity());
    assertTrue(
        model.sites().get("blocks.0.attn.qkv.input").isIdentity(),
        "the kernel quantizes the input");
    assertTrue(model.linear("blocks.0.attn.q").matrix().format().contains("INT4"));
  }

  private static LevelQuantizer assertLevels(StoredFunction function) {
    assertTrue(function instanceof LevelQuantizer);
    return (LevelQuantizer) function;
  }

  @Test
  void theCatalogueGivesTheDefaultsAndSchemesSayBitsOnly() {
    assertEquals(RepQVitOptions.DEFAULTS, RepQVitOptions.of(RepQVit.CARD.resolve(Map.of())));
    RepQVit method = new RepQVit(RepQVitOptions.DEFAULTS);
    method.check(Scheme.parse("W4A8"));
    assertThrows(IllegalArgumentException.class, () -> method.check(Scheme.parse("W4A8 g64")));
    assertThrows(IllegalArgumentException.class, () -> method.check(Scheme.parse("W4A8 a:static")));
    assertThrows(IllegalArgumentException.class, () -> method.check(Scheme.parse("W16A8")));
  }
}
