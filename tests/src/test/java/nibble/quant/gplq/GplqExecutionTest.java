package nibble.quant.gplq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
 * A trained CIFAR-10 transformer, quantized by GPLQ, written and read again: what its packed
 * execution and its simulation have in common.
 *
 * <ul>
 *   <li>Every layer, for the same input: both sum the same products {@code x^ w^}, in float and in
 *       integers. {@code (in + 10) u (sum |x^ w^| + |bias|)} covers the roundings of both: {@code
 *       in} of the float sum and one of its bias; one in each {@code x^} and {@code w^}; on the
 *       packed side one for the integer sum, two for scales, one for the bias.
 *   <li>The whole model: these differences pass into the floats between layers. Nothing more comes
 *       of it until one of these lies so near a border of two codes that both sides take different
 *       ones. An image without such a border has the same codes everywhere, so the same codes
 *       before the head, and its logits are within the bound of one layer.
 *   <li>The first codes of an image that differ are neighbours.
 *   <li>All images: logits differ by what the head makes of the codes before it that differ, {@code
 *       sum |dx^| |w^|}, and that bound.
 * </ul>
 */
class GplqExecutionTest {
  private static final int CALIBRATED = 8;
  private static final int TESTED = 32;
  private static final int LAYERS_TESTED = 1;
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
      Passage real = Passage.of(ops, packed.model(), tested);
      for (Linear linear : packed.model().linears()) {
        assertBits(linear, Character.getNumericValue(scheme.charAt(1)));
        Tensor all = real.before(linear.input().name());
        assertLayer(linear, all.slice(0, 0, LAYERS_TESTED));
      }
      Simulation.install(simulated.model());
      assertAgreement(packed.model(), real, Passage.of(ops, simulated.model(), tested));
      int[] found = VisionRuns.largest(real.logits);
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

  private void assertAgreement(Model packed, Passage real, Passage view) {
    Linear head = packed.linears().getLast();
    assertEquals("head", head.name());
    float[] w = weight(head).orElseThrow().dequantized().toFloats();
    int[] best = VisionRuns.largest(real.logits);
    int[] bestInView = VisionRuns.largest(view.logits);
    int identical = 0;
    int otherClass = 0;
    for (int image = 0; image < TESTED; image++) {
      boolean same = true;
      for (String site : real.after.keySet()) {
        float[] x = row(real.after.get(site), image);
        float[] y = row(view.after.get(site), image);
        if (same && real.steps.containsKey(site)) {
          assertNeighbours(site, real.steps.get(site), x, y);
        }
        same &= !real.quantized(site) || Arrays.equals(x, y);
      }
      identical += same ? 1 : 0;
      otherClass += best[image] == bestInView[image] ? 0 : 1;
      float[] x = row(real.after.get(head.input().name()), image);
      float[] y = row(view.after.get(head.input().name()), image);
      double[] bounds = bounds(x, w, bias(head), head.out(), head.in());
      for (int c = 0; c < head.out(); c++) {
        double moved = 0;
        for (int k = 0; k < head.in(); k++) {
          moved += Math.abs(((double) x[k] - y[k]) * w[c * head.in() + k]);
        }
        assertTrue(!same || moved == 0);
        assertEquals(
            row(real.logits, image)[c], row(view.logits, image)[c], bounds[c] + moved, "logit");
      }
    }
    assertTrue(identical >= TESTED * 3 / 4, identical + " images have the same codes everywhere");
    assertTrue(otherClass <= 2, otherClass + " images get another class");
  }

  /** One step apart, where they differ. */
  private static void assertNeighbours(String site, float step, float[] x, float[] y) {
    for (int i = 0; i < x.length; i++) {
      assertEquals(x[i], y[i], step * 1.0001, site);
    }
  }

  private static float[] row(Tensor x, int image) {
    return x.slice(0, image, image + 1).toFloats();
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

  /**
   * What passed the sites of a model.
   *
   * @param before what reached the layers that read a site
   * @param after the same when they have quantized it
   * @param steps between the codes of such layers
   * @param functions how many functions were in a site
   */
  private record Passage(
      Map<String, Tensor> before,
      Map<String, Tensor> after,
      Map<String, Float> steps,
      Map<String, Integer> functions,
      Tensor logits) {

    static Passage of(Ops ops, Model model, Tensor inputs) {
      Map<String, Tensor> before = new LinkedHashMap<>();
      Map<String, Tensor> after = new LinkedHashMap<>();
      Map<String, Float> steps = new HashMap<>();
      Map<String, Integer> functions = new HashMap<>();
      Map<Site, PackedIntWeight> kernels = new HashMap<>();
      model.linears().forEach(l -> weight(l).ifPresent(w -> kernels.put(l.input(), w)));
      for (Site site : model.sites().all()) {
        if (site.name().endsWith(".weight")) {
          continue;
        }
        PackedIntWeight kernel = kernels.get(site);
        if (kernel != null && kernel.activations() instanceof ActivationQuantizer.PerTensor p) {
          steps.put(site.name(), p.scale());
        }
        functions.put(site.name(), site.functions().size());
        site.append(
            (o, x) -> {
              before.put(site.name(), copy(x));
              after.put(
                  site.name(), kernel == null ? copy(x) : copy(quantizer(kernel).apply(o, x)));
              return x;
            });
      }
      return new Passage(before, after, steps, functions, copy(model.forward(ops, inputs)));
    }

    private static Tensor copy(Tensor x) {
      return Tensor.of(x.toFloats(), x.shape().dims());
    }

    Tensor before(String site) {
      return Optional.ofNullable(before.get(site)).orElseThrow();
    }

    /** Whether codes pass the site. */
    boolean quantized(String site) {
      return steps.containsKey(site) || functions.get(site) > 0;
    }
  }
}
