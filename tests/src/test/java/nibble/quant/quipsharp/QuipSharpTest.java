package nibble.quant.quipsharp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.TokenIds;
import nibble.nn.packed.E8Lattice;
import nibble.nn.packed.LatticeWeight;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.observer.Hessian;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The codebook, its encoder, error feedback, and packed execution. */
class QuipSharpTest {
  private static final WorkSplitter SERIAL = WorkSplitter.serial();

  @TempDir Path folder;

  private static float[] point(int code) {
    float[] point = new float[8];
    E8Lattice.add((short) code, 1, point, 0);
    return point;
  }

  private static double[] doubles(float[] values) {
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i];
    }
    return result;
  }

  /** All points differ, all lie in E8 moved by a quarter, and each is its own nearest point. */
  @Test
  void codesAndPointsBelongTogether() {
    Set<List<Float>> seen = new HashSet<>();
    for (int code = 0; code < 1 << 16; code++) {
      float[] point = point(code);
      assertTrue(
          seen.add(
              List.of(
                  point[0], point[1], point[2], point[3], point[4], point[5], point[6], point[7])),
          "twice: " + code);
      double sum = 0;
      for (float value : point) {
        double half = value - ((code & 1) == 1 ? 0.25 : -0.25);
        assertEquals(1, Math.abs(2 * half) % 2);
        sum += half;
      }
      assertEquals(0, Math.abs(sum) % 2, "D8 + 1/2 has even sums");
      if (code % 7 == 0) {
        assertEquals((short) code, E8Encoder.encode(doubles(point), 0));
      }
    }
  }

  @Property(tries = 6)
  void theEncoderFindsTheNearestPoint(@ForAll long seed) {
    double[] x = doubles(RandomModels.gaussian(new Random(seed), 8, 0, 1.2f));
    double least = Double.POSITIVE_INFINITY;
    for (int code = 0; code < 1 << 16; code++) {
      least = Math.min(least, distance(x, point(code)));
    }
    assertEquals(least, distance(x, point(E8Encoder.encode(x, 0))), 1e-9);
  }

  private static double distance(double[] x, float[] point) {
    double sum = 0;
    for (int i = 0; i < 8; i++) {
      sum += (x[i] - point[i]) * (x[i] - point[i]);
    }
    return sum;
  }

  /**
   * Of Gaussian numbers: better than the best 2-bit scalar grid (0.1175), and 4 bits far better
   * than 2.
   */
  @Test
  void theErrorOfGaussianWeights() {
    int out = 32;
    int in = 128;
    Tensor w = Tensor.of(RandomModels.gaussian(new Random(1), out * in, 0, 1), out, in);
    double two = relativeError(w, 2, identity(in));
    double four = relativeError(w, 4, identity(in));
    assertTrue(two < 0.1 && two > 0.08, "2 bits: " + two);
    assertTrue(four < 0.012, "4 bits: " + four);
  }

  private static Hessian identity(int n) {
    double[] h = new double[n * n];
    for (int i = 0; i < n; i++) {
      h[i * n + i] = 1;
    }
    return new Hessian("x", h, n, 1);
  }

  private static float[] quantized(Tensor w, int bits, Hessian hessian) {
    return new QuipSharp(QuipSharpOptions.DEFAULTS)
        .quantize("w", w, hessian, WeightScheme.ofBits(bits), SERIAL)
        .dequantize();
  }

  private static double relativeError(Tensor w, int bits, Hessian hessian) {
    float[] q = quantized(w, bits, hessian);
    double error = 0;
    double norm = 0;
    for (int i = 0; i < q.length; i++) {
      error += Math.pow(q[i] - w.toFloats()[i], 2);
      norm += Math.pow(w.toFloats()[i], 2);
    }
    return error / norm;
  }

  /**
   * Without correlations there is nothing to repair: every block takes its nearest point. With
   * them, feedback lowers the error of outputs.
   */
  @Property(tries = 15)
  void feedbackRepairsWhatCorrelationsAllow(
      @ForAll long seed, @ForAll @IntRange(min = 3, max = 8) int quarter) {
    int n = 4 * quarter;
    Random random = new Random(seed);
    double[] row = doubles(RandomModels.gaussian(random, n, 0, 1));
    double[] plain = rounded(row, BlockFeedback.of("i", identity(n).values(), n, 0, SERIAL));
    for (int from = 0; from < n; from += 8) {
      double[] block = new double[8];
      System.arraycopy(row, from, block, 0, Math.min(8, n - from));
      float[] nearest = point(E8Encoder.encode(block, 0));
      for (int i = from; i < Math.min(n, from + 8); i++) {
        assertEquals(nearest[i - from], plain[i], 1e-12);
      }
    }
    double total = 0;
    double repaired = 0;
    for (int i = 0; i < 40; i++) {
      Hessian h = correlated(n, random);
      double[] w = doubles(RandomModels.gaussian(random, n, 0, 1));
      total += error(h, w, rounded(w, BlockFeedback.of("i", identity(n).values(), n, 0, SERIAL)));
      repaired += error(h, w, rounded(w, BlockFeedback.of("h", h.values(), n, 0.001, SERIAL)));
    }
    assertTrue(n <= 8 || repaired < total, "with feedback " + repaired + ", without " + total);
  }

  private static double[] rounded(double[] w, BlockFeedback feedback) {
    double[] result = new double[w.length];
    feedback.row(
        w.clone(),
        (block, values) -> {
          float[] nearest = point(E8Encoder.encode(values, 0));
          for (int i = 0; i < 8; i++) {
            values[i] = nearest[i];
            if (block * 8 + i < result.length) {
              result[block * 8 + i] = nearest[i];
            }
          }
        });
    return result;
  }

  private static Hessian correlated(int n, Random random) {
    double[] h = new double[n * n];
    for (int sample = 0; sample < 2 * n; sample++) {
      double shared = 2 * random.nextGaussian();
      double[] x = random.doubles(n).map(u -> shared + u).toArray();
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          h[i * n + j] += x[i] * x[j];
        }
      }
    }
    return new Hessian("x", h, n, 2 * n);
  }

  private static double error(Hessian h, double[] w, double[] q) {
    double[] d = new double[w.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = w[i] - q[i];
    }
    return h.errorOf(d, 1);
  }

  /**
   * A few outliers are spread over all elements by the rotations, so their weight is coded about as
   * well as a Gaussian one.
   */
  @Test
  void outliersAreSpread() {
    float[] values = RandomModels.gaussian(new Random(2), 64 * 64, 0, 0.01f);
    values[70] = 1;
    values[2000] = -2;
    assertTrue(relativeError(Tensor.of(values, 64, 64), 2, identity(64)) < 0.15);
  }

  @Property(tries = 25)
  void packedExecutionIsTheDequantizedWeight(
      @ForAll long seed,
      @ForAll @IntRange(max = 3) int size,
      @ForAll @IntRange(min = 1, max = 2) int planes) {
    int out = new int[] {8, 12, 64, 80}[size];
    int in = new int[] {64, 12, 20, 172}[size];
    Random random = new Random(seed);
    short[] codes = new short[planes * out * Math.ceilDiv(in, 8)];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (short) random.nextInt();
    }
    LatticeWeight weight =
        new LatticeWeight(
            out,
            in,
            codes,
            planes == 1 ? new float[] {0.5f} : new float[] {0.5f, 0.1f},
            seed,
            ~seed);
    Tensor x = Tensor.of(RandomModels.gaussian(random, 3 * in, 0, 1), 3, in);
    Tensor bias = Tensor.of(RandomModels.gaussian(random, out, 0, 1), out);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] expected = ops.linear(x, weight.dequantized(), bias).toFloats();
      double difference =
          RandomModels.relativeDifference(weight.multiply(ops, x, bias).toFloats(), expected);
      assertTrue(difference < 1e-5, "relative difference " + difference);
    }
  }

  /** A model is quantized, runs from codes, is written and read back to the same logits. */
  @Test
  void aModelIsWrittenAndReadBack() {
    MethodCatalogue catalogue = MethodCatalogue.standard();
    try (LoadedModel loaded = ModelLoader.load(Golden.path("text/llama"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Model model = loaded.model();
      Tensor ids = TokenIds.tensor(1, 2, 3, 4, 5, 6, 7);
      new RecipeRunner(
              catalogue,
              Presets.recipe(catalogue, "quip-sharp", Map.of(), Scheme.parse("W4A16"), 1))
          .run(ops, model, List.of(ids), (r, d, t) -> {});
      assertTrue(
          model.linears().stream()
              .anyMatch(l -> l.isReplaced() && l.matrix() instanceof LatticeWeight));
      float[] quantized = model.forward(ops, ids).toFloats();
      ModelWriter.write(folder, loaded.checkpoint().config(), model, JsonObject.empty());
      try (LoadedModel read = ModelLoader.load(folder)) {
        assertArrayEquals(quantized, read.model().forward(ops, ids).toFloats());
        Linear linear = model.linears().getFirst();
        assertEquals(linear.matrix().format(), read.model().linears().getFirst().matrix().format());
      }
    }
  }

  @Test
  void whatItCannotDoIsSaid() {
    Tensor w = Tensor.zeros(8, 8);
    assertTrue(refused(w, "W3A16").contains("2 and 4 bits"), refused(w, "W3A16"));
    assertTrue(refused(w, "W2A16 g8").contains("one scale for a weight"), refused(w, "W2A16 g8"));
    assertTrue(
        refused(Tensor.zeros(7, 8), "W2A16").contains("no Hadamard matrix of size 7"),
        refused(Tensor.zeros(7, 8), "W2A16"));
    Model model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
    MethodCatalogue catalogue = MethodCatalogue.standard();
    try (Ops ops = Ops.serial()) {
      RecipeRunner runner =
          new RecipeRunner(
              catalogue,
              Presets.recipe(catalogue, "quip-sharp", Map.of(), Scheme.parse("W4A8"), 1));
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      runner.run(
                          ops, model, List.of(RandomTextModels.input(9, 1)), (r, d, t) -> {}))
              .getMessage();
      assertTrue(message.contains("no kernel multiplies lattice codes"), message);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> new LatticeWeight(8, 8, new short[7], new float[] {1}, 0, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new LatticeWeight(8, 8, new short[8], new float[] {0}, 0, 0));
  }

  private static String refused(Tensor w, String scheme) {
    WeightScheme weights = Scheme.parse(scheme).weights().orElseThrow();
    return assertThrows(
            IllegalArgumentException.class,
            () ->
                new QuipSharp(QuipSharpOptions.DEFAULTS)
                    .quantize("w", w, identity(w.dim(1)), weights, SERIAL))
        .getMessage();
  }
}
