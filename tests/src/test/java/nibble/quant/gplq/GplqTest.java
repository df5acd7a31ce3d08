package nibble.quant.gplq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.Simulation;
import nibble.nn.site.LevelQuantizer;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.adalog.AdaLog;
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
import org.junit.jupiter.api.Test;

/** GPLQ from end to end on a small model. */
class GplqTest {
  private static final int IMAGES = 16;
  private static final TrainingKnobs SHORT = new TrainingKnobs(240, 8, 1e-4, 1e-3, 1, true, true);

  private final Ops ops = Ops.serial();

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 11);
  }

  /** The images, labelled with what the float model says. */
  private SampleSource samples(boolean labelled) {
    Tensor pixels = RandomModels.pixels(IMAGES, 5);
    int[] labels = new int[IMAGES];
    try (var inference = ops.noGrad()) {
      float[] logits = model().forward(ops, pixels).toFloats();
      for (int i = 0; i < IMAGES; i++) {
        for (int c = 1; c < 7; c++) {
          labels[i] = logits[7 * i + c] > logits[7 * i + labels[i]] ? c : labels[i];
        }
      }
    }
    return SampleSource.of(List.of(new Samples(pixels, labelled ? labels : null)));
  }

  /**
   * @param others as on the command line, {@code name=value}
   */
  private static GplqOptions options(TrainingKnobs training, String... others) {
    Map<String, Object> given = new HashMap<>();
    given.put("train-images", training.images());
    given.put("batch", training.batch());
    given.put("rate", training.rate());
    given.put("scale-rate", training.scaleRate());
    given.put("lambda", training.featureWeight());
    given.put("recompute", training.recompute());
    given.put("loss", training.labels() ? "labels" : "teacher");
    for (String other : others) {
      given.put(other.split("=")[0], other.split("=")[1]);
    }
    return GplqOptions.of(Gplq.CARD.resolve(given));
  }

  private MethodReport run(
      ViT model,
      GplqOptions options,
      String scheme,
      SampleSource samples,
      ResumeStore store,
      Ops with) {
    ModelTask plain = ModelTask.of(with, model, GplqTest::model, samples, Scheme.parse(scheme), 3);
    ModelTask task =
        new ModelTask(
            with, model, plain.floatModel(), samples, plain.schemes(), 3, plain.progress(), store);
    return new Gplq(options).apply(task);
  }

  private ViT quantized(GplqOptions options, String scheme) {
    ViT model = model();
    MethodReport unused = run(model, options, scheme, samples(true), ResumeStore.NONE, ops);
    return model;
  }

  private double error(ViT model) {
    Tensor pixels = RandomModels.pixels(IMAGES, 5);
    try (var inference = ops.noGrad()) {
      return ops.mse(model.forward(ops, pixels), model().forward(ops, pixels)).item();
    }
  }

  private float[] logits(ViT model) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, RandomModels.pixels(5, 9)).toFloats();
    }
  }

  @Test
  void theLossFallsAndTheReportSaysSo() {
    for (boolean labelled : new boolean[] {true, false}) {
      ViT model = model();
      MethodReport report =
          run(model, options(SHORT), "W4A4", samples(labelled), ResumeStore.NONE, ops);
      List<double[]> loss = report.curves().getFirst().points();
      assertEquals(30, loss.size());
      double early = (loss.get(0)[1] + loss.get(1)[1]) / 2;
      double late = (loss.get(28)[1] + loss.get(29)[1]) / 2;
      assertTrue(late < early, (labelled ? "labelled " : "unlabelled ") + early + " -> " + late);
      assertEquals(16, report.facts().get("gplq.directions"), "no more directions than features");
      assertEquals(model.linears().size(), report.layers().size());
    }
  }

  @Test
  void eachStageHelps() {
    TrainingKnobs none = new TrainingKnobs(0, 8, 0, 0, 1, true, true);
    double plain = error(quantized(options(none, "compensate=none"), "W4A4"));
    double compensated = error(quantized(options(none), "W4A4"));
    double whole =
        error(quantized(options(new TrainingKnobs(400, 8, 1e-4, 1e-4, 1, true, false)), "W4A4"));
    double layerWise = error(quantized(options(none, "scales=layer"), "W4A4"));
    assertTrue(compensated < plain, compensated + " " + plain);
    assertTrue(whole < compensated, whole + " " + compensated);
    assertTrue(
        compensated < layerWise, "a scale for each channel: " + compensated + " " + layerWise);
  }

  @Test
  void linearLayersRunAsIntegersWithOneScale() {
    ViT model = quantized(options(new TrainingKnobs(16, 8, 1e-5, 1e-4, 1, true, true)), "W4A4");
    for (Linear linear : model.linears()) {
      assertTrue(
          linear.matrix() instanceof PackedIntWeight packed
              && packed.weights().bits() == 4
              && packed.activations() instanceof ActivationQuantizer.PerTensor input
              && input.scale() == 1
              && !input.symmetric(),
          linear.name() + " " + linear.matrix().format());
    }
    assertTrue(
        model.sites().get("blocks.0.attn.qkv.input").isIdentity(), "the norm took the scales");
    assertFalse(
        model.sites().get("blocks.0.mlp.fc2.input").isIdentity(), "no norm could take them");
    assertFalse(model.sites().get("blocks.0.attn.probs").isIdentity());
    float[] packed = logits(model);
    Simulation.install(model);
    assertArrayEquals(packed, logits(model));
  }

  /** Before any training both look at the same maps; the levels are codes with one for zero. */
  @Test
  void aFoundBaseIsTheOneOfAdaLog() {
    TrainingKnobs none = new TrainingKnobs(0, 8, 0, 0, 1, true, true);
    for (String scheme : List.of("W4A4", "W3A3")) {
      ViT found = quantized(options(none, "probabilities=adalog"), scheme);
      ViT adalog = model();
      ModelTask task =
          ModelTask.of(ops, adalog, GplqTest::model, samples(false), Scheme.parse(scheme), 3);
      MethodReport unused = AdaLog.of(AdaLog.CARD.resolve(Map.of())).apply(task);
      for (int block = 0; block < 2; block++) {
        float[] levels = probabilityLevels(found, block);
        assertEquals(scheme.equals("W4A4") ? 16 : 8, levels.length);
        assertEquals(0, levels[0]);
        assertEquals(1, levels[levels.length - 1]);
        assertArrayEquals(probabilityLevels(adalog, block), levels);
      }
    }
    ViT trained =
        quantized(
            options(new TrainingKnobs(16, 8, 1e-5, 1e-4, 1, true, true), "probabilities=adalog"),
            "W4A4");
    assertArrayEquals(
        probabilityLevels(quantized(options(none, "probabilities=adalog"), "W4A4"), 1),
        probabilityLevels(trained, 1),
        "a base does not learn");
  }

  private static float[] probabilityLevels(ViT model, int block) {
    Site site = model.sites().get("blocks." + block + ".attn.probs");
    return ((LevelQuantizer) site.functions().getFirst()).levels();
  }

  @Test
  void weightsMayHaveZeroPoints() {
    TrainingKnobs none = new TrainingKnobs(0, 8, 0, 0, 1, true, true);
    for (String grids : List.of("symmetric", "asymmetric")) {
      ViT model = quantized(options(none, "weight-grids=" + grids), "W4A4");
      for (Linear linear : model.linears()) {
        assertTrue(
            linear.matrix() instanceof PackedIntWeight packed
                && packed.weights().isSymmetric() == grids.equals("symmetric"),
            linear.name());
      }
      float[] packed = logits(model);
      Simulation.install(model);
      assertArrayEquals(packed, logits(model));
    }
  }

  @Test
  void theSameTaskGivesTheSameModelForAnyNumberOfThreads() {
    TrainingKnobs few = new TrainingKnobs(40, 8, 1e-4, 1e-3, 1, true, true);
    float[] expected = logits(quantized(options(few), "W3A3"));
    try (Ops three = new Ops(WorkSplitter.ofThreads(3))) {
      ViT model = model();
      MethodReport unused =
          run(model, options(few), "W3A3", samples(true), ResumeStore.NONE, three);
      assertArrayEquals(expected, logits(model));
    }
    ViT kept = quantized(options(new TrainingKnobs(40, 8, 1e-4, 1e-3, 1, false, true)), "W3A3");
    assertTrue(
        RandomModels.relativeDifference(logits(kept), expected) < 0.2,
        "keeping inner results instead of recomputing them changes rounding only");
  }

  /** Stops after the first saved state, and goes on from it. */
  @Test
  void anInterruptedTrainingGoesOn() {
    TrainingKnobs knobs = new TrainingKnobs(30 * 8, 8, 1e-4, 1e-3, 1, true, true);
    float[] expected = logits(quantized(options(knobs), "W4A4"));
    Map<String, ResumeStore.State> saved = new HashMap<>();
    ResumeStore stopping =
        new ResumeStore() {
          @Override
          public Optional<State> load(String name) {
            return Optional.ofNullable(saved.get(name));
          }

          @Override
          public void save(String name, State state) {
            saved.put(name, state);
            throw new IllegalStateException("stopped");
          }
        };
    assertThrows(
        IllegalStateException.class,
        () -> run(model(), options(knobs), "W4A4", samples(true), stopping, ops));
    assertEquals(20, saved.get("gplq").step());
    ViT model = model();
    MethodReport report =
        run(
            model,
            options(knobs),
            "W4A4",
            samples(true),
            new ResumeStore() {
              @Override
              public Optional<State> load(String name) {
                return Optional.ofNullable(saved.get(name));
              }

              @Override
              public void save(String name, State state) {}
            },
            ops);
    assertArrayEquals(expected, logits(model));
    assertEquals(30, report.curves().getFirst().points().size());
  }

  @Test
  void othersAreRefused() {
    assertEquals(GplqOptions.DEFAULTS, GplqOptions.of(Gplq.CARD.resolve(Map.of())));
    assertThrows(
        IllegalArgumentException.class, () -> new TrainingKnobs(8, 0, 0, 0, 1, true, true));
    assertThrows(
        IllegalArgumentException.class, () -> new TrainingKnobs(8, 8, 2, 0, 1, true, true));
  }
}
