package nibble.quant.awq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.nn.Sites;
import nibble.nn.vit.ViTConfig;
import nibble.quant.fold.OnlineEdge;
import nibble.quant.fold.ScalePlaces;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.model.SchemePlan;
import nibble.quant.model.Segment;
import nibble.quant.observer.Hessian;
import nibble.quant.observer.HessianAccumulator;
import nibble.quant.recipe.SiteRules;
import nibble.quant.rtn.Rtn;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class AwqTest {
  private final Ops ops = Ops.serial();

  @Property(tries = 10)
  void theFunctionStaysAndEveryPlaceHasAnExponent(
      @ForAll @IntRange(max = 1000) int seed, @ForAll ScalePlaces places, @ForAll boolean text) {
    Model model =
        text
            ? RandomTextModels.llama(
                new RandomTextModels.Shape(
                    6, 3, 8, 2, 40, seed % 2 == 0, seed % 3 == 0, false, true, 0),
                seed)
            : RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 3, 8, 2, 24, true), seed);
    Tensor input = text ? RandomTextModels.input(9, seed) : RandomModels.pixels(3, seed);
    try (var inference = ops.noGrad()) {
      float[] before = model.forward(ops, input).toFloats();
      SampleSource samples = SampleSource.of(List.of(Samples.unlabelled(input)));
      MethodReport report =
          new Awq(new AwqOptions(6, 8, places))
              .apply(ModelTask.of(ops, model, () -> model, samples, Scheme.parse("W3A16"), 0));
      double change = RandomModels.relativeDifference(model.forward(ops, input).toFloats(), before);
      assertTrue(change < 1e-4, "relative difference " + change);
      int expected =
          places == ScalePlaces.NORMS ? 4 : places == ScalePlaces.FOLDED && !text ? 6 : 8;
      assertEquals(expected, report.facts().get("awq.places"));
      assertEquals(
          expected,
          report.facts().keySet().stream().filter(name -> name.endsWith(".exponent")).count());
    }
  }

  @Test
  void scalesHaveTheirMiddleAtOne() {
    double[] x = {0.5, 3, 0, 40, 1};
    assertArrayEquals(new float[] {1, 1, 1, 1, 1}, AwqScales.of(x, 0));
    float[] s = AwqScales.of(x, 0.65);
    float least = Float.MAX_VALUE;
    float largest = 0;
    for (float value : s) {
      least = Math.min(least, value);
      largest = Math.max(largest, value);
    }
    assertEquals(1, Math.sqrt((double) least * largest), 1e-6);
    assertEquals(s[4], s[2], "a channel that was never active is as one of size 1");
    assertEquals(Math.pow(40 / 0.5, 0.65), s[3] / s[0], 1e-4);
  }

  /** One channel of 128 is 30 times as large: a scale above 1 protects its weights. */
  @Test
  void aSalientChannelIsProtected() {
    int in = 128;
    Layer layer = new Layer(in, 64, 300, 5);
    OnlineEdge edge = new OnlineEdge(layer.linear.input(), List.of(layer.linear));
    BlockOutput judge =
        new BlockOutput(
            ops,
            layer.segment(),
            List.of(layer.input),
            layer.segment().forward(ops, List.of(layer.input)));
    SchemePlan schemes = new SchemePlan(Scheme.parse("W3A16 g128"), SiteRules.NONE);
    float[] before = layer.linear.weight().peek().toFloats();
    double plain = judge.errorOf(edge, AwqScales.of(layer.sizes(), 0), schemes);
    assertArrayEquals(before, layer.linear.weight().peek().toFloats());
    double least = plain;
    double best = 0;
    for (int i = 1; i < 20; i++) {
      double error = judge.errorOf(edge, AwqScales.of(layer.sizes(), i / 20.0), schemes);
      if (error < least) {
        least = error;
        best = i / 20.0;
      }
    }
    assertTrue(
        best > 0 && least < plain / 2, "exponent " + best + ": error " + least + " after " + plain);
  }

  /** A layer by itself with one large input channel. */
  private static final class Layer {
    final int in;
    final Linear linear;
    final Tensor input;

    Layer(int in, int out, int tokens, long seed) {
      Random random = new Random(seed);
      this.in = in;
      Sites sites = new Sites();
      float[] w = RandomModels.gaussian(random, out * in, 0, 1);
      linear =
          new Linear(
              "layer",
              new Parameter("layer.weight", Tensor.of(w, out, in)),
              null,
              sites.add("layer.input"),
              sites);
      float[] x = RandomModels.gaussian(random, tokens * in, 0, 1);
      for (int t = 0; t < tokens; t++) {
        x[t * in + 7] *= 30;
      }
      input = Tensor.of(x, 1, tokens, in);
    }

    Segment segment() {
      return new Segment("layer", List.of(List.of(linear)), linear::forward, false);
    }

    double[] sizes() {
      double[] mean = new double[in];
      float[] x = input.toFloats();
      for (int i = 0; i < x.length; i++) {
        mean[i % in] += Math.abs(x[i]) * in / x.length;
      }
      return mean;
    }

    Hessian hessian() {
      HessianAccumulator moments = new HessianAccumulator("layer.input", in);
      float[] x = input.toFloats();
      moments.add(x, 0, x.length / in, WorkSplitter.serial());
      return moments.hessian();
    }
  }

  /**
   * Every group's error in the output is at most that of the whole range; queries and keys are
   * rounded as they are.
   */
  @Test
  void clippingServesTheOutput() {
    for (String scheme : List.of("W3A16 g32", "W3A16", "W2A16 g16 w:asym")) {
      Layer layer = new Layer(64, 16, 200, 3);
      WeightScheme weights = Scheme.parse(scheme).weights().orElseThrow();
      Hessian hessian = layer.hessian();
      Tensor w = layer.linear.weight().peek();
      ClippedRounding clip = new ClippedRounding(ClipOptions.DEFAULTS);
      QuantizedTensor clipped =
          clip.quantize("layers.0.mlp.up", w, hessian, weights, WorkSplitter.serial());
      QuantizedTensor plain =
          Rtn.quantize("layer", w.toFloats(), 16, 64, weights, WorkSplitter.serial());
      int size = weights.granularity().groupSize(64);
      boolean better = false;
      for (int row = 0; row < 16; row++) {
        for (int from = 0; from < 64; from += size) {
          double with = error(w.toFloats(), clipped.dequantize(), hessian, row, from, size);
          double without = error(w.toFloats(), plain.dequantize(), hessian, row, from, size);
          assertTrue(with <= without * (1 + 1e-4), scheme + ": " + with + " after " + without);
          better |= with < 0.9 * without;
        }
      }
      assertTrue(better, scheme);
      for (String name : List.of("layers.0.attn.q", "layers.0.attn.k", "blocks.1.attn.qkv")) {
        assertArrayEquals(
            plain.codes(),
            clip.quantize(name, w, hessian, weights, WorkSplitter.serial()).codes(),
            name);
      }
      QuantizedTensor all =
          new ClippedRounding(new ClipOptions(10, true))
              .quantize("layers.0.attn.q", w, hessian, weights, WorkSplitter.serial());
      assertArrayEquals(clipped.codes(), all.codes());
    }
  }

  private static double error(
      float[] w, float[] rounded, Hessian hessian, int row, int from, int size) {
    double sum = 0;
    for (int i = from; i < from + size; i++) {
      for (int j = from; j < from + size; j++) {
        sum +=
            (w[row * 64 + i] - rounded[row * 64 + i])
                * hessian.values()[i * 64 + j]
                * (w[row * 64 + j] - rounded[row * 64 + j]);
      }
    }
    return sum;
  }
}
