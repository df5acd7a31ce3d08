package nibble.quant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.loaders.data.ByteImages;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.nn.Model;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.SharedData;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Methods for vision transformers on the trained MNIST transformer: quantized, written, read back,
 * and still right. Calibrated and tested on different digits.
 */
class VisionRivalsTest {
  private static final int TESTED = 200;

  @TempDir private Path place;

  @ParameterizedTest
  @CsvSource({
    "ptq4vit, W6A6, images=16 rows=64 maps=8 candidates=30 rounds=1, 0.95",
    "ptq4vit, W6A6, images=16 rows=64 maps=8 candidates=30 rounds=1 metric=mse twin=false, 0.95",
    "noisyquant, W6A6, images=16 steps=5, 0.98",
    "adalog, W4A4, images=16 rows=64 maps=8 width=4 refinements=2 rounds=1, 0.95",
    "brecq, W3A8, images=16 iterations=20, 0.9",
    "qdrop, W4A4, images=16 iterations=20, 0.9",
    "repquant, W4A4, images=16 clip-iterations=20 iterations=20, 0.95",
    "is-vit, W4A4, images=16 iterations=20, 0.95",
    "mptq-vit, W6A6, images=16 above=1 below=1 sensitivity-images=4, 0.95",
    "lrp-qvit, W4A4, images=16 relevance-images=4, 0.95"
  })
  void quantizedModelsAgreeWithFloat(String method, String scheme, String options, double agreement)
      throws IOException {
    Path folder = SharedData.require("small/vit-mnist");
    ByteImages digits =
        ByteImages.read(SharedData.require("mnist/t10k-first5000-images-idx3-ubyte"), null);
    try (LoadedModel loaded = ModelLoader.load(folder);
        LoadedModel original = ModelLoader.load(folder);
        Ops ops = Ops.serial()) {
      ImagePreprocessor preprocessor = loaded.preprocessor();
      Tensor tested = pixels(digits, preprocessor, 0, TESTED);
      int[] expected = predictions(ops, original.model(), tested);
      MethodReport report =
          quantize(
              ops,
              loaded.model(),
              folder,
              method,
              scheme,
              options,
              pixels(digits, preprocessor, 3000, 16));
      assertEquals(loaded.model().linears().size(), report.layers().size());
      int[] found = predictions(ops, loaded.model(), tested);
      int same = 0;
      for (int i = 0; i < TESTED; i++) {
        same += found[i] == expected[i] ? 1 : 0;
      }
      assertTrue(same >= agreement * TESTED, "agrees on " + same);
      Path written = Files.createDirectories(place.resolve("written"));
      ModelWriter.write(written, loaded.checkpoint().config(), loaded.model(), JsonObject.empty());
      try (LoadedModel again = ModelLoader.load(written)) {
        assertArrayEquals(found, predictions(ops, again.model(), tested));
      }
    }
  }

  private static MethodReport quantize(
      Ops ops,
      Model model,
      Path folder,
      String method,
      String scheme,
      String options,
      Tensor calibration) {
    Map<String, String> values = new LinkedHashMap<>();
    for (String option : options.split(" ")) {
      values.put(option.split("=")[0], option.split("=")[1]);
    }
    MethodCatalogue catalogue = MethodCatalogue.standard();
    RecipeRunner runner =
        new RecipeRunner(
            catalogue, Presets.recipe(catalogue, method, values, Scheme.parse(scheme), 3));
    SampleSource samples = SampleSource.of(List.of(new Samples(calibration, null)));
    return runner.run(
        ops,
        model,
        () -> ModelLoader.load(folder).model(),
        samples,
        3,
        MethodProgress.NONE,
        ResumeStore.NONE);
  }

  private static Tensor pixels(
      ByteImages images, ImagePreprocessor preprocessor, int from, int count) {
    List<nibble.loaders.image.RgbImage> chosen = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      chosen.add(images.rgb(from + i));
    }
    return preprocessor.apply(chosen);
  }

  private static int[] predictions(Ops ops, Model model, Tensor pixels) {
    try (var inference = ops.noGrad()) {
      float[] logits = model.forward(ops, pixels).toFloats();
      int classes = logits.length / pixels.dim(0);
      int[] best = new int[pixels.dim(0)];
      for (int i = 0; i < best.length; i++) {
        for (int c = 1; c < classes; c++) {
          best[i] = logits[i * classes + c] > logits[i * classes + best[i]] ? c : best[i];
        }
      }
      return best;
    }
  }
}
