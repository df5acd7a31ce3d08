package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.loaders.data.LabeledImages;
import nibble.loaders.json.JsonObject;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job on a real checkpoint and real images: DeiT-Tiny at 4 bits, as a user would do it. */
@Tag("slow")
class RealModelTest {
  private static final int CALIBRATION = 16;
  private static final int EVALUATED = 40;

  @TempDir private Path place;

  @Test
  void deitTinyAtFourBitsAgreesWithFloat() throws IOException {
    String model = SharedData.require("vit/deit-tiny-patch16-224").toString();
    Path images = SharedData.require("images-dev");
    String out = place.resolve("w4a4").toString();
    String calibration = calibrationImages(images).toString();
    JsonObject quantized =
        CommandLineRun.of(
                "quantize", model, "--method", "hadamard+gptq", "--scheme", "W4A4", "--calibration", calibration, "--calibration-images",
                Integer.toString(CALIBRATION), "--out", out, "--json", "-q")
            .json();
    assertEquals(74, quantized.array("layers").size());
    assertTrue(quantized.longInteger("bytes") < quantized.longInteger("bytes_before") / 5, "a file of less than a fifth");

    String[] eval = {"eval", out, "--images", images.toString(), "--limit", Integer.toString(EVALUATED), "--json", "-q"};
    JsonObject packed = CommandLineRun.of(plus(eval, "--reference", model)).json();
    assertEquals(EVALUATED, packed.integer("count"));
    assertTrue(packed.number("agreement") >= 0.7, "agreement " + packed.number("agreement"));
    JsonObject simulated = CommandLineRun.of(plus(eval, "--simulated", "--reference", model)).json();
    assertEquals(packed.number("top1"), simulated.number("top1"), "top-1 of packed and simulated execution");
  }

  /** Images from the end of the list; the first ones are evaluated. */
  private Path calibrationImages(Path images) throws IOException {
    Path folder = Files.createDirectories(place.resolve("calibration"));
    List<LabeledImages.Sample> all = LabeledImages.read(images, images.resolve(LabeledImages.LABELS), 1000).samples();
    int step = (all.size() - EVALUATED) / CALIBRATION;
    for (int i = 0; i < CALIBRATION; i++) {
      Path file = all.get(EVALUATED + i * step).file();
      Files.copy(file, folder.resolve(file.getFileName()));
    }
    return folder;
  }

  private static String[] plus(String[] args, String... more) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }
}
