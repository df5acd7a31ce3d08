package nibble.quant.gplq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.loaders.data.ByteImages;
import nibble.loaders.data.Cifar10;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.SimulatedActivation;
import nibble.nn.packed.Simulation;
import nibble.quant.model.MethodReport;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.SharedData;
import nibble.testing.VisionRuns;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A trained CIFAR-10 transformer, quantized by GPLQ, written and read again.
 *
 * <ul>
 *   <li>Every layer, for the same input, beside the product of scaled numbers: both sum the same
 *       products {@code x^ w^}, in float and in integers. {@code (in + 10) u (sum |x^ w^| +
 *       |bias|)} covers the roundings of both: {@code in} of the float sum and one of its bias; one
 *       in each {@code x^} and {@code w^}; on the packed side one for the integer sum, two for
 *       scales, one for the bias.
 *   <li>The whole model: its simulation, which multiplies codes, has the same logits to the bit.
 * </ul>
 */
class GplqExecutionTest {
  private static final int CALIBRATED = 8;
  private static final int TESTED = 32;
  private static final int IMAGES_BY_LAYER = 1;
  private static final double U = 0x1p-24;

  @TempDir private Path place;

  private final Ops ops = Ops.serial();

  /**
   * @param agreement with the float model, in images
   */
  @ParameterizedTest
  @CsvSource({"W4A4, 25", "W3A3, 15"})
  void packedExecutionComputesTheSimulation(String scheme, int agreement) throws IOException {
    Path folder = SharedData.require("small/vit-cifar10-postnorm");
    ByteImages test = Cifar10.read(SharedData.require("cifar10/test2000.bin"));
    Path written = Files.createDirectories(place.resolve("written"));
    Tensor tested;
    int[] expected;
    try (LoadedModel loaded = ModelLoader.load(folder)) {
      tested = VisionRuns.pixels(test, loaded.preprocessor(), 0, TESTED);
      expected = VisionRuns.predictions(ops, loaded.model(), tested);
      quantize(loaded, folder, scheme);
      ModelWriter.write(written, loaded.checkpoint().config(), loaded.model(), JsonObject.empty());
    }
    try (LoadedModel packed = ModelLoader.load(written);
        LoadedModel simulated = ModelLoader.load(written);
        var inference = ops.noGrad()) {
      Map<String, Tensor> inputs = new HashMap<>();
      Tensor logits = watched(packed.model(), tested, inputs);
      for (Linear linear : packed.model().linears()) {
        assertBits(linear, Character.getNumericValue(scheme.charAt(1)));
        Tensor all = Objects.requireNonNull(inputs.get(linear.input().name()));
        assertLayer(linear, all.slice(0, 0, IMAGES_BY_LAYER));
      }
      Simulation.install(simulated.model());
      assertArrayEquals(
          logits.toFloats(), simulated.model().forward(ops, tested).toFloats(), "simulation");
      int[] found = VisionRuns.largest(logits);
      int same = 0;
      for (int i = 0; i < TESTED; i++) {
        same += found[i] == expected[i] ? 1 : 0;
      }
      assertTrue(same >= agreement, "agrees with the float model on " + same);
    }
  }

  private void quantize(LoadedModel loaded, Path folder, String scheme) {
    ByteImages training = Cifar10.read(SharedData.require("cifar10/train5000.bin"));
    ImagePreprocessor preprocessor = loaded.preprocessor();
    Samples samples =
        new Samples(
            VisionRuns.pixels(training, preprocessor, 0, CALIBRATED),
            VisionRuns.labels(training, 0, CALIBRATED));
    MethodReport report =
        VisionRuns.quantize(
            ops,
            loaded.model(),
            folder,
            "gplq",
            scheme,
            "images=8 train-images=8 batch=8 loss=teacher",
            SampleSource.of(List.of(samples)));
    assertEquals(loaded.model().linears().size(), report.layers().size());
  }

  /** Integers in and out: the bits of the scheme in blocks, 8 at both ends. */
  private static void assertBits(Linear linear, int bits) {
    int expected = linear.name().startsWith("blocks") ? bits : 8;
    assertTrue(
        linear.matrix() instanceof PackedIntWeight packed
            && packed.weights().bits() == expected
            && packed.activations() instanceof ActivationQuantizer.PerTensor input
            && input.bits() == expected,
        linear.name() + " " + linear.matrix().format());
  }

  private void assertLayer(Linear linear, Tensor x) {
    PackedIntWeight packed = weight(linear).orElseThrow();
    Tensor seen = quantizer(packed).apply(ops, x);
    Tensor weight = packed.dequantized();
    Tensor bias = bias(linear);
    float[] expected = ops.linear(seen, weight, bias).toFloats();
    float[] actual = linear.project(ops, x).toFloats();
    double[] bounds = bounds(seen.toFloats(), weight.toFloats(), bias, linear.out(), linear.in());
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], bounds[i], linear.name());
    }
  }

  /** {@code (in + 10) u (sum |x^ w^| + |bias|)} for every output. */
  private static double[] bounds(float[] x, float[] w, @Nullable Tensor bias, int out, int in) {
    float[] b = bias == null ? new float[out] : bias.toFloats();
    double[] bounds = new double[x.length / in * out];
    for (int i = 0; i < bounds.length; i++) {
      double sum = Math.abs(b[i % out]);
      for (int k = 0; k < in; k++) {
        sum += Math.abs((double) x[i / out * in + k] * w[i % out * in + k]);
      }
      bounds[i] = (in + 10) * U * sum;
    }
    return bounds;
  }

  private static Optional<PackedIntWeight> weight(Linear linear) {
    return linear.isReplaced() && linear.matrix() instanceof PackedIntWeight packed
        ? Optional.of(packed)
        : Optional.empty();
  }

  private static SimulatedActivation quantizer(PackedIntWeight packed) {
    ActivationQuantizer activations = packed.activations();
    if (activations == null) {
      throw new AssertionError("float activations");
    }
    return new SimulatedActivation(activations);
  }

  private static @Nullable Tensor bias(Linear linear) {
    Parameter bias = linear.bias();
    return bias == null ? null : bias.floats();
  }

  /** The logits; {@code inputs} receives what reached the layers that read a site. */
  private Tensor watched(Model model, Tensor images, Map<String, Tensor> inputs) {
    for (Site site : model.sites().all()) {
      site.append(
          (o, x) -> {
            inputs.put(site.name(), Tensor.of(x.toFloats(), x.shape().dims()));
            return x;
          });
    }
    return model.forward(ops, images);
  }
}
