package nibble.quant.ofq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.nn.HeadProduct;
import nibble.nn.JoinedQueryKey;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.Simulation;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.training.TrainingKnobs;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.TinyModelFolder;
import nibble.testing.VisionRuns;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** OFQ's query-key reparameterisation. */
class QueryKeyTest {
  private static final int HIDDEN = 16;
  private static final int HEADS = 2;

  @TempDir private Path place;

  private final Ops ops = Ops.serial();

  private static ViT model(boolean biases) {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, HEADS, 8, 2, 24, biases), 11);
  }

  private static ViT model() {
    return model(true);
  }

  private float[] logits(Model model) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, RandomModels.pixels(5, 9)).toFloats();
    }
  }

  /** Biases of queries included, which the authors drop. */
  @Test
  void joiningLeavesTheFunctionAsItIs() {
    for (boolean biases : new boolean[] {true, false}) {
      ViT model = model(biases);
      float[] expected = logits(model);
      long parameters = model.parameterCount();
      List<JoinedQueryKey> joined = model.joinQueriesAndKeys(ops);
      assertEquals(2, joined.size());
      assertTrue(RandomModels.relativeDifference(logits(model), expected) < 1e-5);
      assertEquals("blocks.0.attn.qk", model.linears().get(1).name());
      assertEquals("blocks.0.attn.v", model.linears().get(2).name());
      assertEquals(HEADS * HIDDEN, model.linears().get(1).out());
      int weights = 2 * (HEADS - 2) * HIDDEN * HIDDEN; // heads in place of queries and keys
      int wider = biases ? 2 * (HEADS - 2) * HIDDEN : 0;
      assertEquals(parameters + weights + wider, model.parameterCount());
      assertFalse(model.sites().find("blocks.0.attn.k.weight").isPresent());
      assertTrue(model.residualStructure().isEmpty());
      assertEquals(3, model.readers().size(), "norm1 is read by keys too");
      assertThrows(IllegalStateException.class, () -> model.joinQueriesAndKeys(ops));
    }
  }

  /** {@code dK = Q dM^T, dQ = K dM}, head by head, and finite differences of {@code <M, G>}. */
  @Property(tries = 30)
  void gradientsReachBothWeightsThroughTheProduct(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 3) int heads,
      @ForAll @IntRange(min = 1, max = 4) int headDim,
      @ForAll @IntRange(min = 1, max = 5) int width) {
    Random random = new Random(seed);
    HeadProduct product = new HeadProduct(heads);
    int rows = heads * headDim;
    float[] k = RandomModels.gaussian(random, rows * width, 0, 1);
    float[] q = RandomModels.gaussian(random, rows * width, 0, 1);
    float[] g = RandomModels.gaussian(random, heads * width * width, 0, 1);
    Tensor key = Tensor.of(k, rows, width).requireGrad();
    Tensor query = Tensor.of(q, rows, width).requireGrad();
    Tensor made = ops.custom(product, key, query);
    ops.backward(ops.sum(ops.mul(made, Tensor.of(g, heads * width, width))));
    float[] gradK = key.grad().toFloats();
    float[] gradQ = query.grad().toFloats();
    for (int d = 0; d < rows; d++) {
      int head = d / headDim;
      for (int i = 0; i < width; i++) {
        double dK = 0;
        double dQ = 0;
        for (int j = 0; j < width; j++) {
          dK += (double) q[d * width + j] * g[(head * width + i) * width + j];
          dQ += (double) k[d * width + j] * g[(head * width + j) * width + i];
        }
        assertEquals(dK, gradK[d * width + i], 1e-5 * (1 + Math.abs(dK)));
        assertEquals(dQ, gradQ[d * width + i], 1e-5 * (1 + Math.abs(dQ)));
      }
    }
    int at = random.nextInt(k.length);
    double step = 0.125;
    double slope =
        (dot(product, moved(k, at, step), q, g, rows)
                - dot(product, moved(k, at, -step), q, g, rows))
            / (2 * step);
    assertEquals(slope, gradK[at], 1e-3 * (1 + Math.abs(slope)), "linear in each weight");
  }

  private static float[] moved(float[] x, int at, double step) {
    float[] other = x.clone();
    other[at] += (float) step;
    return other;
  }

  private double dot(HeadProduct product, float[] k, float[] q, float[] g, int rows) {
    int width = k.length / rows;
    float[] made =
        product.forward(ops, Tensor.of(k, rows, width), Tensor.of(q, rows, width)).toFloats();
    double sum = 0;
    for (int i = 0; i < g.length; i++) {
      sum += (double) made[i] * g[i];
    }
    return sum;
  }

  @Test
  void annealingLetsGradientsPassAtBordersOnly() {
    float[] w = RandomModels.gaussian(new Random(3), 4 * 200, 0, 0.05f);
    StatsQ function = new StatsQ(3);
    Tensor weight = Tensor.of(w, 4, 200).requireGrad();
    ops.backward(ops.sum(ops.custom(new BorderGradients(function, 0.05), weight)));
    float[] grad = weight.grad().toFloats();
    int passed = 0;
    for (int i = 0; i < w.length; i++) {
      double position = function.position(w[i], StatsQ.scale(w, i / 200 * 200, 200));
      boolean border = Math.abs(position - Math.floor(position) - 0.5) < 0.05;
      assertEquals(border ? 1 : 0, grad[i]);
      passed += border ? 1 : 0;
    }
    assertTrue(passed > 10 && passed < 300, passed + " pass");
  }

  private MethodReport run(ViT model, ResumeStore store) {
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(16, 5), null)));
    OfqOptions options =
        new OfqOptions(new TrainingKnobs(320, 8, 1e-3, 1e-3, 0, true, false), 40, 0.05, 16, true);
    return new Ofq(options)
        .apply(
            ModelTask.of(ops, model, QueryKeyTest::model, samples, Scheme.parse("W3A4"), 3)
                .withStore(store));
  }

  @Test
  void theLossFallsAndPackedEqualsSimulation() throws IOException {
    ViT model = model();
    Map<String, ResumeStore.State> saved = new HashMap<>();
    MethodReport report = run(model, store(saved));
    List<double[]> loss = report.curves().getFirst().points();
    assertTrue(
        loss.getLast()[1] < loss.getFirst()[1], loss.getFirst()[1] + " -> " + loss.getLast()[1]);
    Linear joined = model.linear("blocks.1.attn.qk");
    assertTrue(
        joined.matrix() instanceof PackedIntWeight packed && packed.weights().bits() == 4,
        "3 bits of odd codes in 4");
    float[] packed = logits(model);
    ModelWriter.write(place, config(), model, JsonObject.empty());
    try (LoadedModel again = ModelLoader.load(place)) {
      assertArrayEquals(packed, logits(again.model()));
    }
    Simulation.install(model);
    assertArrayEquals(packed, logits(model));
    ViT resumed = model();
    MethodReport _ = run(resumed, store(saved)); // from the end of each part
    assertArrayEquals(packed, logits(resumed));
  }

  /** By its name, behind a rotation too: written, read again, the same logits. */
  @ParameterizedTest
  @ValueSource(strings = {"ofq", "hadamard+ofq"})
  void recipesJoinToo(String method) throws IOException {
    Path folder = TinyModelFolder.write(place.resolve("float"));
    Path written = Files.createDirectory(place.resolve("written"));
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(8, 5), null)));
    try (LoadedModel loaded = ModelLoader.load(folder)) {
      String options = "join-query-key=true train-images=16 batch=8 anneal-images=0 images=8";
      MethodReport report =
          VisionRuns.quantize(ops, loaded.model(), folder, method, "W6A8", options, samples);
      assertEquals(loaded.model().linears().size(), report.layers().size());
      float[] logits = logits(loaded.model());
      ModelWriter.write(written, loaded.checkpoint().config(), loaded.model(), JsonObject.empty());
      try (LoadedModel again = ModelLoader.load(written)) {
        assertEquals("blocks.1.attn.qk", again.model().linear("blocks.1.attn.qk").name());
        assertArrayEquals(logits, logits(again.model()));
      }
    }
  }

  private static ResumeStore store(Map<String, ResumeStore.State> saved) {
    return new ResumeStore() {
      @Override
      public Optional<State> load(String name) {
        return Optional.ofNullable(saved.get(name));
      }

      @Override
      public void save(String name, State state) {
        saved.put(name, state);
      }
    };
  }

  private static JsonObject config() {
    return Json.parseObject(
        "config.json", "{\"model_type\": \"vit\", \"layer_norm_eps\": 1e-6, \"num_labels\": 7}");
  }

  /** The product in the layer is that of both weights, which moved, and its codes are StatsQ's. */
  @Test
  void weightsLearnApartAndTheLayerFollows() {
    ViT model = model();
    JoinedQueryKey joined = model.joinQueriesAndKeys(ops).getFirst();
    JoinedQuantizer quantizer =
        new JoinedQuantizer(joined, new StatsQ(4), Double.POSITIVE_INFINITY);
    assertEquals(2, quantizer.weights().size());
    float[] start = joined.layer().weight().peek().toFloats();
    for (Tensor weight : quantizer.weights().values()) {
      weight.array()[weight.offset()] += 0.5f;
    }
    float[] ignored = joined.layer().weight().peek().toFloats();
    Tensor seen = quantizer.apply(ops, Tensor.of(ignored, HEADS * HIDDEN, HIDDEN));
    quantizer.project();
    float[] now = joined.layer().weight().peek().toFloats();
    assertFalse(Arrays.equals(start, now));
    Tensor product =
        new HeadProduct(HEADS).forward(ops, joined.key().peek(), joined.query().peek());
    assertArrayEquals(product.toFloats(), now);
    assertArrayEquals(new StatsQ(4).forward(ops, product).toFloats(), seen.toFloats());
  }
}
