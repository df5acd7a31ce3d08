package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import nibble.loaders.data.LabeledImages;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Linear;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.SimulatedActivation;
import nibble.nn.packed.Simulation;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The main job on a real checkpoint and real images: DeiT-Tiny at 4 bits, as a user would do it.
 */
@Tag("slow")
class RealModelTest {
  private static final int CALIBRATION = 16;
  private static final int EVALUATED = 40;
  private static final int BATCH = 8;

  @TempDir private Path place;

  @Test
  void deitTinyAtFourBitsAgreesWithFloat() throws IOException {
    String model = SharedData.require("vit/deit-tiny-patch16-224").toString();
    Path images = SharedData.require("images-dev");
    String out = place.resolve("w4a4").toString();
    String calibration = calibrationImages(images).toString();
    JsonObject quantized =
        CommandLineRun.of(
                "quantize",
                model,
                "--method",
                "hadamard+gptq",
                "--scheme",
                "W4A4",
                "--calibration",
                calibration,
                "--calibration-images",
                Integer.toString(CALIBRATION),
                "--out",
                out,
                "--json",
                "-q")
            .json();
    assertEquals(74, quantized.array("layers").size());
    assertTrue(
        quantized.longInteger("bytes") < quantized.longInteger("bytes_before") / 5,
        "a file of less than a fifth");

    Path written = Path.of(out);
    List<Tensor> batches = new ArrayList<>();
    int[] expected = predictions(Path.of(model), images, batches, false);
    int[] packed = predictions(written, images, batches, false);
    int[] simulated = predictions(written, images, batches, true);
    assertTrue(
        same(packed, expected) >= 0.7 * EVALUATED,
        "packed and float agree on " + same(packed, expected));
    assertArrayEquals(packed, simulated, "packed and simulated");
    everyLayerComputesWhatItsSimulationDoes(written, batches.getFirst());
  }

  /** Best classes; {@code batches} are filled with pixels at the first call. */
  private static int[] predictions(
      Path model, Path images, List<Tensor> batches, boolean simulated) {
    try (LoadedModel loaded = ModelLoader.load(model);
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      if (batches.isEmpty()) {
        batches.addAll(read(loaded, images));
      }
      if (simulated) {
        Simulation.install(loaded.model());
      }
      int[] best = new int[EVALUATED];
      int image = 0;
      for (Tensor pixels : batches) {
        float[] logits = loaded.model().forward(ops, pixels).toFloats();
        int classes = loaded.imageClassifier().classes();
        for (int at = 0; at < logits.length; at += classes) {
          for (int i = 1; i < classes; i++) {
            best[image] = logits[at + i] > logits[at + best[image]] ? i : best[image];
          }
          image++;
        }
      }
      assertEquals(EVALUATED, image);
      return best;
    }
  }

  private static List<Tensor> read(LoadedModel model, Path images) {
    LabeledImages all = LabeledImages.read(images, images.resolve(LabeledImages.LABELS), 1000);
    ImagePreprocessor preprocessor =
        ImagePreprocessor.fromJson(model.checkpoint().preprocessorConfig().orElseThrow());
    int size = model.imageClassifier().imageSize();
    List<Tensor> batches = new ArrayList<>();
    float[] pixels = new float[BATCH * 3 * size * size];
    for (int i = 0; i < EVALUATED; i++) {
      float[] image = preprocessor.apply(all.samples().get(i).decode());
      System.arraycopy(image, 0, pixels, i % BATCH * image.length, image.length);
      if (i % BATCH == BATCH - 1) {
        batches.add(Tensor.of(pixels.clone(), BATCH, 3, size, size));
      }
    }
    return batches;
  }

  private static void everyLayerComputesWhatItsSimulationDoes(Path model, Tensor batch) {
    try (LoadedModel loaded = ModelLoader.load(model);
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Set<String> seen = new HashSet<>();
      for (Linear linear : loaded.model().linears()) {
        linear
            .input()
            .append(
                (o, x) -> {
                  PackedIntWeight packed = (PackedIntWeight) linear.matrix();
                  Tensor quantized =
                      new SimulatedActivation(Objects.requireNonNull(packed.activations()))
                          .apply(o, x);
                  float[] simulation = o.linear(quantized, packed.dequantized(), null).toFloats();
                  seen.add(linear.name());
                  double difference =
                      RandomModels.relativeDifference(
                          packed.multiply(o, x, null).toFloats(), simulation);
                  assertTrue(difference < 1e-5, linear.name() + " differs by " + difference);
                  return x;
                });
      }
      loaded.model().forward(ops, batch.slice(0, 0, 1).toF32());
      assertEquals(74, seen.size());
    }
  }

  private static int same(int[] a, int[] b) {
    int same = 0;
    for (int i = 0; i < a.length; i++) {
      same += a[i] == b[i] ? 1 : 0;
    }
    return same;
  }

  /** Images from the end of the list; the first ones are evaluated. */
  private Path calibrationImages(Path images) throws IOException {
    Path folder = Files.createDirectories(place.resolve("calibration"));
    List<LabeledImages.Sample> all =
        LabeledImages.read(images, images.resolve(LabeledImages.LABELS), 1000).samples();
    int step = (all.size() - EVALUATED) / CALIBRATION;
    for (int i = 0; i < CALIBRATION; i++) {
      Path file = all.get(EVALUATED + i * step).file();
      Files.copy(file, folder.resolve(file.getFileName()));
    }
    return folder;
  }
}
