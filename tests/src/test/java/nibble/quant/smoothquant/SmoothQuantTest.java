package nibble.quant.smoothquant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.TokenIds;
import nibble.nn.vit.ViTConfig;
import nibble.quant.fold.ScaleEdge;
import nibble.quant.fold.ScalePlaces;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.model.SiteMagnitudes;
import nibble.quant.observer.ChannelMagnitudes;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class SmoothQuantTest {
  private final Ops ops = Ops.serial();

  private MethodReport smooth(Model model, SmoothQuantOptions options, List<Tensor> inputs) {
    SampleSource samples = SampleSource.of(inputs.stream().map(Samples::unlabelled).toList());
    return new SmoothQuant(options)
        .apply(ModelTask.of(ops, model, () -> model, samples, Scheme.parse("W8A8"), 0));
  }

  private float[] outputs(Model model, Tensor input) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, input).toFloats();
    }
  }

  @Property(tries = 20)
  void theFunctionStays(
      @ForAll @IntRange(max = 1000) int seed,
      @ForAll @DoubleRange(min = 0, max = 1) double alpha,
      @ForAll ScalePlaces places,
      @ForAll boolean text) {
    Model model =
        text
            ? RandomTextModels.llama(
                new RandomTextModels.Shape(
                    6, 3, 8, 2, 40, seed % 2 == 0, seed % 3 == 0, false, true, 0),
                seed)
            : RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 3, 8, 2, 24, true), seed);
    Tensor input = text ? RandomTextModels.input(9, seed) : RandomModels.pixels(3, seed);
    float[] before = outputs(model, input);
    MethodReport report = smooth(model, new SmoothQuantOptions(alpha, places), List.of(input));
    double change = RandomModels.relativeDifference(outputs(model, input), before);
    assertTrue(change < 1e-4, "relative difference " + change);
    int inputs = 8;
    int folded = text ? 8 : 6;
    assertEquals(
        places == ScalePlaces.NORMS ? 4 : places == ScalePlaces.FOLDED ? folded : inputs,
        report.facts().get("smoothquant.places"));
    assertEquals(
        places == ScalePlaces.ALL ? inputs - folded : 0, report.facts().get("smoothquant.online"));
  }

  /**
   * alpha 1 gives every channel of the calibration data the size 1, alpha 0 every column of the
   * weights.
   */
  @Test
  void theEndsOfAlphaEvenOutOneSide() {
    for (double alpha : new double[] {0, 1}) {
      Model model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 4);
      Tensor input = RandomTextModels.input(30, 1);
      smooth(model, new SmoothQuantOptions(alpha, ScalePlaces.FOLDED), List.of(input));
      for (ScaleEdge edge : ScalePlaces.FOLDED.of(model)) {
        float[] largest = alpha == 1 ? activations(model, edge, input) : columns(edge);
        for (float value : largest) {
          assertEquals(1, value, 1e-4, edge.name());
        }
      }
    }
  }

  /** The product of a channel's largest activation and its largest weight stays, whatever alpha. */
  @Test
  void productsOfTheLargestStay() {
    Model model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 3, 8, 2, 24, true), 2);
    Tensor input = RandomModels.pixels(3, 2);
    List<float[]> before = products(model, input);
    smooth(model, new SmoothQuantOptions(0.7, ScalePlaces.NORMS), List.of(input));
    List<float[]> after = products(model, input);
    for (int i = 0; i < before.size(); i++) {
      assertTrue(RandomModels.relativeDifference(after.get(i), before.get(i)) < 1e-5);
    }
  }

  private List<float[]> products(Model model, Tensor input) {
    return ScalePlaces.NORMS.of(model).stream()
        .map(
            edge -> {
              float[] products = activations(model, edge, input);
              float[] columns = columns(edge);
              for (int j = 0; j < products.length; j++) {
                products[j] *= columns[j];
              }
              return products;
            })
        .toList();
  }

  private float[] activations(Model model, ScaleEdge edge, Tensor input) {
    Site site = edge.readers().getFirst().input();
    Map<Site, ChannelMagnitudes> sizes =
        SiteMagnitudes.measure(ops, model, List.of(input), List.of(site));
    float[] largest = new float[edge.factors()];
    for (int j = 0; j < edge.readers().getFirst().in(); j++) {
      largest[edge.factorOf(j)] = Math.max(largest[edge.factorOf(j)], sizes.get(site).largest()[j]);
    }
    return largest;
  }

  private static float[] columns(ScaleEdge edge) {
    float[] largest = new float[edge.factors()];
    for (Linear linear : edge.readers()) {
      float[] w = linear.weight().peek().toFloats();
      for (int i = 0; i < w.length; i++) {
        int factor = edge.factorOf(i % linear.in());
        largest[factor] = Math.max(largest[factor], Math.abs(w[i]));
      }
    }
    return largest;
  }

  /**
   * The mechanism: three channels of 64 are 50 times as large; 8-bit activations with one scale
   * lose the others.
   */
  @Test
  void outlierChannelsLoseTheirHarm() {
    Random random = new Random(7);
    int in = 64;
    int out = 32;
    int tokens = 200;
    float[] x = RandomModels.gaussian(random, tokens * in, 0, 1);
    float[] w = RandomModels.gaussian(random, out * in, 0, 1);
    for (int t = 0; t < tokens; t++) {
      for (int j : new int[] {3, 17, 40}) {
        x[t * in + j] *= 50;
      }
    }
    ChannelMagnitudes.Accumulator sizes = new ChannelMagnitudes.Accumulator("x", in);
    sizes.add(x, 0, tokens);
    float[] columns = new float[in];
    for (int i = 0; i < w.length; i++) {
      columns[i % in] = Math.max(columns[i % in], Math.abs(w[i]));
    }
    float[] s = Smoothing.scales(sizes.result().largest(), columns, 0.5);
    float[] ones = new float[in];
    Arrays.fill(ones, 1);
    double plain = outputError(x, w, ones, tokens, in, out);
    double smoothed = outputError(x, w, s, tokens, in, out);
    assertTrue(smoothed < plain / 5, smoothed + " after " + plain);
  }

  /**
   * Squared error of the outputs with 8-bit activations, one symmetric scale, and float weights.
   */
  private static double outputError(float[] x, float[] w, float[] s, int tokens, int in, int out) {
    float largest = 0;
    for (int i = 0; i < x.length; i++) {
      largest = Math.max(largest, Math.abs(x[i] / s[i % in]));
    }
    float step = largest / 127;
    double error = 0;
    for (int t = 0; t < tokens; t++) {
      for (int o = 0; o < out; o++) {
        double difference = 0;
        for (int j = 0; j < in; j++) {
          double value = x[t * in + j] / s[j];
          difference += (Math.rint(value / step) * step - value) * w[o * in + j] * s[j];
        }
        error += difference * difference;
      }
    }
    return error;
  }

  @Test
  void aChannelThatWasNeverActiveKeepsItsScale() {
    float[] s = Smoothing.scales(new float[] {0, 4}, new float[] {1, 0}, 0.5);
    assertEquals(1, s[0]);
    assertEquals(2 / Math.sqrt(1e-5), s[1], 1e-3);
  }

  /** BERT normalises behind a sum, so no gain can take a scale; at run time it works. */
  @Test
  void modelsWithoutSuchNormsSayWhatHelps() {
    try (LoadedModel loaded = ModelLoader.load(Golden.path("text/bert"))) {
      Model model = loaded.model();
      Tensor input = TokenIds.tensor(new int[] {1, 2, 3, 4, 5});
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> smooth(model, SmoothQuantOptions.DEFAULTS, List.of(input)))
              .getMessage();
      assertTrue(message.contains("--set places=all"), message);
      float[] before = outputs(model, input);
      smooth(model, new SmoothQuantOptions(0.5, ScalePlaces.ALL), List.of(input));
      assertTrue(RandomModels.relativeDifference(outputs(model, input), before) < 1e-4);
    }
  }
}
