package nibble.nn.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.quant.fold.ChannelFold;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.GoldenFiles;
import nibble.testing.RandomModels;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tiny checkpoints of every vision family against independent float64 implementations (see the
 * scripts in {@code tests/golden}).
 */
class VisionGoldenTest {
  private static final int[] LABELS = {3, 1};

  @ParameterizedTest
  @ValueSource(
      strings = {
        "swin/odd",
        "swin/padded",
        "dinov2/plain",
        "dinov2/gated",
        "dinov2/registers",
        "vit_small/postnorm",
        "vit_small/plain",
        "vit_small/pooled",
        "vit_small/pooled_beside_class_token",
        "vit_small/resized_deit"
      })
  void logitsEqualTheGoldenValues(String folder) {
    try (LoadedModel loaded = ModelLoader.load(GoldenFiles.of(folder));
        Safetensors expected = Safetensors.open(GoldenFiles.of(folder + "/expected.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      int cases = 0;
      for (String name : expected.names()) {
        if (name.startsWith("pixels")) {
          float[] logits = loaded.model().forward(ops, expected.tensor(name).toF32()).toFloats();
          double difference =
              RandomModels.relativeDifference(
                  logits, expected.tensor(name.replace("pixels", "logits")).toFloats());
          assertTrue(difference < 2e-5, name + " differs by " + difference);
          cases++;
        }
      }
      assertTrue(cases > 0);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "swin/odd",
        "swin/padded",
        "dinov2/plain",
        "dinov2/gated",
        "dinov2/registers",
        "vit_small/postnorm",
        "vit_small/plain",
        "vit_small/pooled",
        "vit_small/pooled_beside_class_token",
        "vit_small/resized_deit"
      })
  void gradientsEqualTheGoldenValues(String folder) {
    try (LoadedModel loaded = ModelLoader.load(GoldenFiles.of(folder));
        Safetensors expected = Safetensors.open(GoldenFiles.of(folder + "/expected.safetensors"));
        Ops ops = Ops.serial()) {
      loaded.model().parameters().forEach(Parameter::train);
      String pixels =
          expected.names().stream()
              .filter(n -> n.startsWith("pixels") && isLast(folder, n))
              .findFirst()
              .orElseThrow();
      ops.backward(
          ops.crossEntropy(loaded.model().forward(ops, expected.tensor(pixels).toF32()), LABELS));
      for (Parameter parameter : loaded.model().parameters()) {
        if (parameter.name().endsWith("mask_token")) {
          continue; // only pretraining uses it
        }
        Tensor gradient = parameter.floats().grad();
        assertNotNull(gradient, parameter.name());
        float[] all = gradient.toFloats();
        float[] golden = expected.tensor("grad." + parameter.name()).toFloats();
        for (int j = 0; j < golden.length; j++) {
          int place = (2 * j + 1) * all.length / (2 * golden.length);
          assertEquals(
              golden[j],
              all[place],
              1e-4 * Math.abs(golden[j]) + 2e-6,
              parameter.name() + " element " + place);
        }
      }
    }
  }

  /** The scripts take gradients at the last of several image sizes. */
  private static boolean isLast(String folder, String pixels) {
    return switch (folder) {
      case "dinov2/plain" -> pixels.equals("pixels_21x12");
      case "dinov2/registers" -> pixels.equals("pixels_18x6");
      default -> true;
    };
  }

  /**
   * What a normalisation passes on may be scaled and shifted wherever a model says that only some
   * layers read it.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {"swin/odd", "swin/padded", "dinov2/plain", "dinov2/registers", "vit_small/plain"})
  void foldsThroughReadersKeepTheLogits(String folder) {
    try (LoadedModel loaded = ModelLoader.load(GoldenFiles.of(folder));
        Safetensors expected = Safetensors.open(GoldenFiles.of(folder + "/expected.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Random random = new Random(1);
      assertFalse(loaded.model().readers().isEmpty());
      for (ResidualStructure.Reader reader : loaded.model().readers()) {
        Site site = reader.linears().getFirst().input();
        float[] factors = new float[reader.linears().getFirst().in()];
        float[] shifts = RandomModels.gaussian(random, factors.length, 0, 0.5f);
        for (int i = 0; i < factors.length; i++) {
          factors[i] = 0.5f + random.nextFloat();
        }
        assertTrue(ChannelFold.apply(loaded.model(), site, factors, shifts), site.name());
        assertTrue(site.isIdentity(), site.name());
      }
      String pixels =
          expected.names().stream().filter(n -> n.startsWith("pixels")).findFirst().orElseThrow();
      float[] logits = loaded.model().forward(ops, expected.tensor(pixels).toF32()).toFloats();
      double difference =
          RandomModels.relativeDifference(
              logits, expected.tensor(pixels.replace("pixels", "logits")).toFloats());
      assertTrue(difference < 5e-5, "differs by " + difference);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "swin/odd",
        "dinov2/gated",
        "dinov2/registers",
        "vit_small/postnorm",
        "vit_small/plain",
        "vit_small/pooled",
        "vit_small/pooled_beside_class_token",
        "vit_small/resized_deit"
      })
  void everySiteIsPassedAndEveryLinearHasItsStage(String folder) {
    try (LoadedModel loaded = ModelLoader.load(GoldenFiles.of(folder));
        Safetensors expected = Safetensors.open(GoldenFiles.of(folder + "/expected.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      ImageClassifier model = (ImageClassifier) loaded.model();
      Set<String> passed = new HashSet<>();
      Set<String> sites = new HashSet<>();
      for (Site site : model.sites().all()) {
        sites.add(site.name());
        site.append(
            (o, x) -> {
              passed.add(site.name());
              return x;
            });
      }
      String pixels =
          expected.names().stream().filter(n -> n.startsWith("pixels")).findFirst().orElseThrow();
      model.forward(ops, expected.tensor(pixels).toF32());
      assertEquals(sites, passed);
      Set<Linear> inStages = new HashSet<>();
      model.blocks().forEach(block -> block.stages().forEach(inStages::addAll));
      Set<String> outside = new HashSet<>();
      model.linears().stream()
          .filter(l -> !inStages.contains(l))
          .forEach(l -> outside.add(l.name().replaceFirst("\\..*", "")));
      assertEquals(Set.of("patch_embed", "head"), outside);
    }
  }
}
