package nibble.quant.sideweights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.BadFileException;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.loaders.model.WeightFormat;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.TokenIds;
import nibble.nn.decoder.Decoder;
import nibble.nn.packed.FloatColumnsWeight;
import nibble.nn.packed.SparseSideWeight;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.fisher.NextTokenLoss;
import nibble.quant.format.FloatColumnsTensor;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.Scheme;
import nibble.quant.format.Symmetry;
import nibble.quant.format.WeightScheme;
import nibble.quant.gptq.Frozen;
import nibble.quant.gptq.Gptq;
import nibble.quant.gptq.GptqOptions;
import nibble.quant.gptq.GptqResult;
import nibble.quant.gwq.Gwq;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.observer.Hessian;
import nibble.quant.observer.HessianAccumulator;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.LayerCodes;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** QUIK, GWQ, TaCQ: what stays in float, and that it is written and runs. */
class SideMethodsTest {
  private static final MethodCatalogue CATALOGUE = MethodCatalogue.standard();
  private static final WeightScheme W3 = WeightScheme.ofBits(3).withSymmetry(Symmetry.ASYMMETRIC);

  @TempDir Path folder;

  private static MethodReport quantize(
      Ops ops,
      Model model,
      Model reference,
      String method,
      String scheme,
      Map<String, String> options) {
    RecipeRunner runner =
        new RecipeRunner(
            CATALOGUE, Presets.recipe(CATALOGUE, method, options, Scheme.parse(scheme), 3));
    return runner.run(
        ops,
        model,
        () -> reference,
        SampleSource.of(texts()),
        3,
        MethodProgress.NONE,
        ResumeStore.NONE);
  }

  private static List<Samples> texts() {
    return List.of(
        Samples.unlabelled(TokenIds.tensor(RandomTextModels.ids(24, 1))),
        Samples.unlabelled(TokenIds.tensor(RandomTextModels.ids(20, 2))));
  }

  private static Decoder model() {
    return RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
  }

  @ParameterizedTest
  @CsvSource({
    "quik, W4A4",
    "quik, W4A16",
    "quik, W4A4 a:clip=0.8",
    "gwq, W3A16 w:asym",
    "tacq, W2A16 w:asym",
    "tacq, W3A16"
  })
  void isWrittenAndReadBack(String method, String scheme) throws IOException {
    Path source = TinyTextFolders.llama(folder.resolve("float"));
    Path target = Files.createDirectory(folder.resolve("quantized"));
    Map<String, String> options =
        method.equals("quik") ? Map.of("float-share", "0.2") : Map.of("fraction", "0.1");
    try (LoadedModel loaded = ModelLoader.load(source);
        LoadedModel reference = ModelLoader.load(source);
        Ops ops = Ops.serial()) {
      MethodReport unused =
          quantize(ops, loaded.model(), reference.model(), method, scheme, options);
      Class<?> form = method.equals("quik") ? FloatColumnsWeight.class : SparseSideWeight.class;
      assertTrue(loaded.model().linears().stream().map(Linear::matrix).anyMatch(form::isInstance));
      Tensor ids = TokenIds.tensor(RandomTextModels.ids(15, 5));
      float[] logits = logits(ops, loaded.model(), ids);
      ModelWriter.write(target, loaded.checkpoint().config(), loaded.model(), JsonObject.empty());
      try (LoadedModel read = ModelLoader.load(target)) {
        assertArrayEquals(logits, logits(ops, read.model(), ids));
        for (int i = 0; i < read.model().linears().size(); i++) {
          assertEquals(
              loaded.model().linears().get(i).matrix().format(),
              read.model().linears().get(i).matrix().format());
        }
      }
      assertThrows(
          IllegalArgumentException.class,
          () ->
              ModelWriter.write(
                  target,
                  loaded.checkpoint().config(),
                  loaded.model(),
                  JsonObject.empty(),
                  WeightFormat.GPTQ));
    }
  }

  private static float[] logits(Ops ops, Model model, Tensor ids) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, ids).toFloats();
    }
  }

  @Test
  void withoutFloatsTheyAreTheirBaseMethods() {
    try (Ops ops = Ops.serial()) {
      assertSame(
          quantize(ops, model(), model(), "gptq", "W3A16", Map.of()),
          quantize(ops, model(), model(), "tacq", "W3A16", Map.of("fraction", "0")));
      assertSame(
          quantize(ops, model(), model(), "gptq", "W4A4", Map.of()),
          quantize(ops, model(), model(), "quik", "W4A4", Map.of("float-share", "0")));
      assertSame(
          quantize(ops, model(), model(), "rtn", "W3A16", Map.of()),
          quantize(ops, model(), model(), "gwq", "W3A16", Map.of("fraction", "0")));
    }
  }

  private static void assertSame(MethodReport expected, MethodReport actual) {
    assertEquals(expected.layers().size(), actual.layers().size());
    for (int i = 0; i < expected.layers().size(); i++) {
      assertArrayEquals(
          LayerCodes.of(expected.layers().get(i)).codes(),
          LayerCodes.of(actual.layers().get(i)).codes(),
          expected.layers().get(i).name());
    }
  }

  /** QUIK keeps the inputs with the largest mean squares, a share of them but not too many. */
  @ParameterizedTest
  @CsvSource({"0.25, 1024, 4", "0.25, 3, 3", "0.1, 1024, 2", "0.01, 1024, 0"})
  void theLargestInputsStayInFloat(String share, String most, int count) {
    int in = 16;
    int[] bySize = {11, 2, 7, 14};
    float[] x = RandomModels.gaussian(new Random(5), 100 * in, 0, 1);
    for (int i = 0; i < x.length; i++) {
      for (int place = 0; place < bySize.length; place++) {
        x[i] *= i % in == bySize[place] ? 20 - 4 * place : 1;
      }
    }
    Tensor w = Tensor.of(RandomModels.gaussian(new Random(6), 8 * in, 0, 1), 8, in);
    Map<String, String> options = Map.of("float-share", share, "float-most", most);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      HessianAccumulator sum = new HessianAccumulator("w", in);
      sum.add(x, 0, 100, serial);
      QuantizedWeight codes =
          CATALOGUE
              .method("quik", options)
              .quantize("w", w, sum.hessian(), WeightScheme.ofBits(4), serial);
      int[] expected = Arrays.copyOf(bySize, count);
      Arrays.sort(expected);
      assertArrayEquals(
          expected, codes instanceof FloatColumnsTensor columns ? columns.inputs() : new int[0]);
    }
  }

  /** {@code |dL/dW| |W - Wq| |W|}, summed over texts, of all blocks together. */
  @Test
  void importanceIsThatOfThePaper() {
    Decoder reference = model();
    Map<String, double[]> scores = new LinkedHashMap<>();
    try (Ops ops = Ops.serial()) {
      Map<String, double[]> gradients =
          WeightGradients.absolute(
              ops, reference, texts().stream().map(Samples::inputs).toList(), MethodProgress.NONE);
      gradients.forEach(
          (name, gradient) -> {
            Linear linear = reference.linear(name);
            float[] w = linear.weight().peek().toFloats();
            float[] rounded =
                QuantizedTensor.quantize(name, w, linear.out(), linear.in(), WeightScheme.ofBits(3))
                    .dequantize();
            double[] own = new double[w.length];
            for (int i = 0; i < own.length; i++) {
              own[i] = gradient[i] * Math.abs((double) w[i] - rounded[i]) * Math.abs(w[i]);
            }
            scores.put(name, own);
          });
      int count = (int) (0.05 * scores.values().stream().mapToInt(x -> x.length).sum());
      Map<String, boolean[]> expected = TopScores.of(scores, count);
      Decoder model = model();
      MethodReport report =
          quantize(ops, model, model(), "tacq", "W3A16", Map.of("fraction", "0.05"));
      assertEquals(model.linears().size(), report.layers().size());
      expected.forEach((name, marks) -> assertArrayEquals(marks, kept(model.linear(name)), name));
    }
  }

  private static boolean[] kept(Linear linear) {
    boolean[] marks = new boolean[linear.out() * linear.in()];
    if (linear.matrix() instanceof SparseSideWeight sparse) {
      int[] starts = sparse.side().starts();
      for (int row = 0; row < linear.out(); row++) {
        for (int i = starts[row]; i < starts[row + 1]; i++) {
          marks[row * linear.in() + sparse.side().columns()[i]] = true;
        }
      }
    }
    return marks;
  }

  /** Where the loss does not depend on a layer, GWQ keeps its largest weights. */
  @Test
  void layersWithoutGradientsKeepTheirLargestWeights() {
    try (Ops ops = Ops.serial()) {
      Decoder model = withoutUse("layers.1.mlp.down");
      MethodReport report =
          quantize(
              ops,
              model,
              withoutUse("layers.1.mlp.down"),
              "gwq",
              "W3A16",
              Map.of("fraction", "0.05"));
      assertEquals(model.linears().size(), report.layers().size());
      float[] w = model().linear("layers.1.mlp.up").weight().peek().toFloats();
      double[] sizes = new double[w.length];
      for (int i = 0; i < w.length; i++) {
        sizes[i] = Math.abs(w[i]);
      }
      assertArrayEquals(
          TopScores.of(sizes, (int) Math.round(0.05 * w.length)),
          kept(model.linear("layers.1.mlp.up")));
    }
  }

  private static Decoder withoutUse(String layer) {
    Decoder model = model();
    Linear linear = model.linear(layer);
    linear.setWeight(Tensor.zeros(linear.out(), linear.in()));
    return model;
  }

  @Test
  void gradientsOfTextsAddUpAsMagnitudes() {
    try (Ops ops = Ops.serial()) {
      List<Tensor> texts = texts().stream().map(Samples::inputs).toList();
      Map<String, double[]> both =
          WeightGradients.absolute(ops, model(), texts, MethodProgress.NONE);
      Map<String, double[]> first =
          WeightGradients.absolute(ops, model(), texts.subList(0, 1), MethodProgress.NONE);
      Map<String, double[]> second =
          WeightGradients.absolute(ops, model(), texts.subList(1, 2), MethodProgress.NONE);
      both.forEach(
          (name, sums) -> {
            for (int i = 0; i < sums.length; i++) {
              double sum = first.getOrDefault(name, sums)[i] + second.getOrDefault(name, sums)[i];
              assertEquals(sum, sums[i], 1e-12 + 1e-6 * sum, name);
            }
          });
    }
  }

  /** TaCQ ranks all blocks together: so many elements in all. */
  @Test
  void theShareIsOneOfAllRankedWeights() {
    try (Ops ops = Ops.serial()) {
      Decoder model = model();
      MethodReport unused =
          quantize(ops, model, model(), "tacq", "W3A16", Map.of("fraction", "0.05"));
      int kept =
          model.linears().stream()
              .mapToInt(l -> l.matrix() instanceof SparseSideWeight side ? side.side().count() : 0)
              .sum();
      long ranked =
          model.linears().stream()
              .filter(l -> l.name().startsWith("layers."))
              .mapToLong(l -> l.weight().shape().size())
              .sum();
      assertEquals(Math.round(0.05 * ranked), kept);
      Decoder other = model();
      unused = quantize(ops, other, model(), "gwq", "W3A16", Map.of("fraction", "0.05"));
      for (Linear linear : other.linears()) {
        if (linear.name().startsWith("layers.")) {
          assertEquals(
              Math.round(0.05 * linear.out() * linear.in()),
              ((SparseSideWeight) linear.matrix()).side().count(),
              linear.name());
        }
      }
    }
  }

  /**
   * An outlier that is kept widens no range and is exact; the others are within half a step of that
   * range.
   */
  @Property(tries = 60)
  void rangesLeaveTheFloatElementsOut(
      @ForAll @IntRange(min = 2, max = 30) int in,
      @ForAll @DoubleRange(min = 0, max = 1) double share,
      @ForAll long seed) {
    Random random = new Random(seed);
    int out = 3;
    float[] w = RandomModels.gaussian(random, out * in, 0, 1);
    boolean[] kept = new boolean[w.length];
    for (int i = 0; i < w.length; i++) {
      kept[i] = random.nextDouble() < share;
      w[i] = kept[i] ? 100 * w[i] : w[i];
    }
    try (WorkSplitter serial = WorkSplitter.serial()) {
      float[] back = Gwq.quantize("w", w, out, in, kept, W3, serial).dequantize();
      for (int row = 0; row < out; row++) {
        float min = 0;
        float max = 0;
        for (int i = row * in; i < (row + 1) * in; i++) {
          min = kept[i] ? min : Math.min(min, w[i]);
          max = kept[i] ? max : Math.max(max, w[i]);
        }
        for (int i = row * in; i < (row + 1) * in; i++) {
          assertEquals(
              w[i],
              back[i],
              kept[i] ? Math.abs(w[i]) * 0x1p-11 + 1e-7 : 0.51 * (max - min) / 7 + 1e-6);
        }
      }
    }
  }

  /** More of them leave less error. */
  @Test
  void moreFloatElementsLowerTheError() {
    Random random = new Random(3);
    float[] w = RandomModels.gaussian(random, 8 * 32, 0, 1);
    double[] scores = new double[w.length];
    for (int i = 0; i < w.length; i++) {
      scores[i] = Math.abs(w[i]);
    }
    double before = Double.MAX_VALUE;
    try (WorkSplitter serial = WorkSplitter.serial()) {
      for (int count : new int[] {0, 5, 20, 80, 160, 256}) {
        float[] back =
            Gwq.quantize("w", w, 8, 32, TopScores.of(scores, count), W3, serial).dequantize();
        double error = 0;
        for (int i = 0; i < w.length; i++) {
          error += (w[i] - back[i]) * (double) (w[i] - back[i]);
        }
        assertTrue(error < before, count + ": " + error);
        before = error;
      }
      assertTrue(before < 1e-4);
    }
  }

  @Test
  void gptqKeepsFrozenElementsAndTheyAbsorbErrors() {
    Random random = new Random(7);
    int in = 24;
    float[] x = RandomModels.gaussian(random, 200 * in, 0, 1);
    for (int i = 1; i < x.length; i++) {
      x[i] = 0.6f * x[i] + 0.4f * x[i - 1]; // inputs that depend on one another
    }
    float[] w = RandomModels.gaussian(random, 6 * in, 0, 1);
    boolean[] kept = new boolean[w.length];
    for (int i = 0; i < w.length; i++) {
      kept[i] = random.nextInt(8) == 0;
    }
    boolean[] all = new boolean[w.length];
    Arrays.fill(all, true);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      HessianAccumulator sum = new HessianAccumulator("w", in);
      sum.add(x, 0, 200, serial);
      Hessian hessian = sum.hessian();
      GptqResult none =
          Gptq.solve("w", w, 6, in, hessian, Frozen.NONE, W3, GptqOptions.DEFAULTS, serial);
      GptqResult nothing =
          Gptq.solve(
              "w",
              w,
              6,
              in,
              hessian,
              Frozen.elements(new boolean[w.length]),
              W3,
              GptqOptions.DEFAULTS,
              serial);
      assertArrayEquals(none.quantized().codes(), nothing.quantized().codes());
      assertArrayEquals(
          w,
          Gptq.solve("w", w, 6, in, hessian, Frozen.elements(all), W3, GptqOptions.DEFAULTS, serial)
              .weight());
      GptqResult some =
          Gptq.solve(
              "w", w, 6, in, hessian, Frozen.elements(kept), W3, GptqOptions.DEFAULTS, serial);
      float[] original = some.weight().clone();
      boolean moved = false;
      for (int i = 0; i < w.length; i++) {
        moved |= kept[i] && original[i] != w[i];
        original[i] = kept[i] ? w[i] : original[i];
      }
      assertTrue(moved, "kept elements take up errors");
      assertTrue(
          hessian.errorOf(difference(w, some.weight()), 6)
              < hessian.errorOf(difference(w, original), 6));
      assertTrue(
          hessian.errorOf(difference(w, some.weight()), 6)
              < hessian.errorOf(difference(w, none.weight()), 6));
      float[] outlier = w.clone();
      int first = 0;
      while (!kept[first]) {
        first++;
      }
      outlier[first] *= 100;
      GptqResult planted =
          Gptq.solve(
              "w",
              outlier,
              6,
              in,
              hessian,
              Frozen.elements(kept),
              W3,
              GptqOptions.DEFAULTS,
              serial);
      assertArrayEquals(
          some.quantized().params().scales(),
          planted.quantized().params().scales(),
          "a kept outlier leaves the scales alone");
    }
  }

  private static double[] difference(float[] a, float[] b) {
    double[] d = new double[a.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = (double) a[i] - b[i];
    }
    return d;
  }

  /** Against finite differences. */
  @Test
  void gradientsOfWeightsAreThoseOfTheLoss() {
    Decoder model = model();
    Tensor text = TokenIds.tensor(RandomTextModels.ids(9, 3));
    try (Ops ops = Ops.serial()) {
      Map<String, double[]> gradients =
          WeightGradients.absolute(ops, model, List.of(text), MethodProgress.NONE);
      assertEquals(
          model.linears().stream().map(Linear::name).filter(n -> n.startsWith("layers.")).toList(),
          List.copyOf(gradients.keySet()));
      for (String name : List.of("layers.0.attn.k", "layers.1.mlp.down")) {
        double[] gradient = gradients.getOrDefault(name, new double[0]);
        for (int i = 3; i < gradient.length; i += gradient.length / 5) {
          Decoder plus = model();
          Decoder minus = model();
          double slope =
              (loss(ops, plus, name, i, 5e-3f, text) - loss(ops, minus, name, i, -5e-3f, text))
                  / 1e-2;
          assertEquals(Math.abs(slope), gradient[i], 2e-4 + 0.03 * gradient[i], name + " " + i);
        }
      }
    }
  }

  private static double loss(
      Ops ops, Decoder model, String layer, int index, float step, Tensor text) {
    Linear linear = model.linear(layer);
    float[] w = linear.weight().peek().toFloats();
    w[index] += step;
    linear.setWeight(Tensor.of(w, linear.out(), linear.in()));
    return NextTokenLoss.backward(ops, model, text);
  }

  @Test
  void theLargestScoresOfAllTogether() {
    Map<String, double[]> scores = new LinkedHashMap<>();
    scores.put("a", new double[] {1, 5, 3});
    scores.put("b", new double[] {3, Double.NaN, 4});
    Map<String, boolean[]> marks = TopScores.of(scores, 3);
    assertArrayEquals(new boolean[] {false, true, true}, marks.get("a"));
    assertArrayEquals(new boolean[] {false, false, true}, marks.get("b"));
  }

  @Test
  void whatTheyCannotDoIsSaid() {
    assertThrows(
        IllegalArgumentException.class,
        () -> Presets.recipe(CATALOGUE, "gwq", Map.of("fraction", "2"), Scheme.parse("W3A16"), 1));
    try (Ops ops = Ops.serial()) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> quantize(ops, model(), model(), "tacq", "W3A8", Map.of()));
      assertTrue(e.getMessage().contains("activations"), e.getMessage());
    }
  }

  @Test
  void brokenFilesAreRefusedByName() throws IOException {
    Path source = TinyTextFolders.llama(folder.resolve("float"));
    try (LoadedModel loaded = ModelLoader.load(source);
        LoadedModel reference = ModelLoader.load(source);
        Ops ops = Ops.serial()) {
      MethodReport report =
          quantize(ops, loaded.model(), reference.model(), "gwq", "W3A16", Map.of());
      LayerResult layer = report.layers().getFirst();
      assertTrue(layer.format().contains("elements in float"), layer.format());
      Path target = Files.createDirectory(folder.resolve("broken"));
      ModelWriter.write(target, loaded.checkpoint().config(), loaded.model(), JsonObject.empty());
      byte[] bytes = Files.readAllBytes(target.resolve("model.safetensors"));
      int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("_side_indices");
      bytes[at + 1] = 'z';
      Files.write(target.resolve("model.safetensors"), bytes);
      BadFileException e = assertThrows(BadFileException.class, () -> ModelLoader.load(target));
      assertTrue(e.getMessage().contains("_side_indices"), e.getMessage());
    }
  }
}
