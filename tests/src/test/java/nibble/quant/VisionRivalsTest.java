package nibble.quant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import nibble.loaders.data.ByteImages;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.quant.model.MethodReport;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.SharedData;
import nibble.testing.VisionRuns;
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
      Tensor tested = VisionRuns.pixels(digits, preprocessor, 0, TESTED);
      int[] expected = VisionRuns.predictions(ops, original.model(), tested);
      MethodReport report =
          VisionRuns.quantize(
              ops,
              loaded.model(),
              folder,
              method,
              scheme,
              options,
              SampleSource.of(
                  List.of(new Samples(VisionRuns.pixels(digits, preprocessor, 3000, 16), null))));
      assertEquals(loaded.model().linears().size(), report.layers().size());
      int[] found = VisionRuns.predictions(ops, loaded.model(), tested);
      int same = 0;
      for (int i = 0; i < TESTED; i++) {
        same += found[i] == expected[i] ? 1 : 0;
      }
      assertTrue(same >= agreement * TESTED, "agrees on " + same);
      Path written = Files.createDirectories(place.resolve("written"));
      ModelWriter.write(written, loaded.checkpoint().config(), loaded.model(), JsonObject.empty());
      try (LoadedModel again = ModelLoader.load(written)) {
        assertArrayEquals(found, VisionRuns.predictions(ops, again.model(), tested));
      }
    }
  }
}
