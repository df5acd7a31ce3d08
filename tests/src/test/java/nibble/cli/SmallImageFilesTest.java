package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import nibble.cli.synthetic.PngWriter;
import nibble.cli.terminal.ExitStatus;
import nibble.loaders.data.ByteImages;
import nibble.loaders.json.JsonObject;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on the small trained transformers and the files of their data sets. */
class SmallImageFilesTest {
  private static final String IDX = "mnist/t10k-first5000-images-idx3-ubyte";

  @TempDir private Path place;

  @Test
  void mnistIsQuantizedEvaluatedAndClassified() throws IOException {
    String model = SharedData.require("small/vit-mnist").toString();
    String images = SharedData.require(IDX).toString();
    String out = place.resolve("w4a8").toString();
    CommandLineRun.of(
            "quantize",
            model,
            "--method",
            "gptq",
            "--scheme",
            "W4A8",
            "--calibration",
            images,
            "--calibration-images",
            "32",
            "--out",
            out,
            "-q")
        .done();
    JsonObject score =
        CommandLineRun.of(
                "eval",
                out,
                "--images",
                images,
                "--limit",
                "200",
                "--reference",
                model,
                "--json",
                "-q")
            .json();
    assertEquals(200, score.integer("count"));
    assertTrue(score.number("top1") >= 0.95, "top-1 " + score.number("top1"));
    assertTrue(score.number("agreement") >= 0.97, "agreement " + score.number("agreement"));
    ByteImages digits = ByteImages.read(Path.of(images), null);
    Path png =
        Files.write(
            place.resolve("digit.png"),
            PngWriter.encode(digits.rgb(3).rgb(), digits.width(), digits.height()));
    JsonObject classified =
        CommandLineRun.of("classify", model, png.toString(), "--json", "-q").json();
    JsonObject best = classified.array("results").object(0).array("top").object(0);
    assertEquals(digits.label(3), best.integer("index"));
    assertEquals(
        213_642, CommandLineRun.of("inspect", model, "--json").json().integer("parameters"));
  }

  @Test
  void imagesOfAnotherKindAreRefused() {
    String cifar = SharedData.require("cifar10/test2000.bin").toString();
    String labels = SharedData.require("mnist/t10k-first5000-labels-idx1-ubyte").toString();
    String model = SharedData.require("small/vit-mnist").toString();
    CommandLineRun.of("eval", model, "--images", labels, "-q")
        .failed(ExitStatus.FAILURE, "not a CIFAR-10 binary file");
    CommandLineRun.of("eval", model, "--images", cifar, "--labels", labels, "-q")
        .failed(ExitStatus.FAILURE, "hold their labels themselves");
  }

  @Test
  void rotationIsRefusedByName() {
    String model = SharedData.require("small/vit-cifar10-postnorm").toString();
    String cifar = SharedData.require("cifar10/test2000.bin").toString();
    CommandLineRun.of(
            "quantize",
            model,
            "--method",
            "quarot",
            "--scheme",
            "W4A8",
            "--calibration",
            cifar,
            "--out",
            place.resolve("x").toString(),
            "-q")
        .failed(
            ExitStatus.FAILURE,
            "PostNormViTForImageClassification has no residual stream that can be rotated");
  }
}
