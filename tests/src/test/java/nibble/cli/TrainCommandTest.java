package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.cli.data.ImageSet;
import nibble.cli.data.TrainingImages;
import nibble.cli.terminal.ExitStatus;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainCommandTest {
  private static final List<String> TINY =
      List.of(
          "--size",
          "16",
          "--patch",
          "8",
          "--hidden",
          "16",
          "--layers",
          "1",
          "--heads",
          "2",
          "--batch",
          "8",
          "--threads",
          "1",
          "-q");
  @TempDir private Path place;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void aFolderOfPicturesTrainsANewModelWhichCanBeTrainedFurther() throws Exception {
    Path pictures = place.resolve("pictures");
    Path first = place.resolve("first");
    assertEquals(
        ExitStatus.DONE,
        run(List.of(), "images", "--out", pictures.toString(), "--count", "20", "--size", "16"));
    assertEquals(
        ExitStatus.DONE,
        run(
            TINY,
            "train",
            "--images",
            pictures.toString(),
            "--seen",
            "32",
            "--out",
            first.toString(),
            "--json"),
        err.toString());
    JsonObject trained = Json.parseObject("out", out.toString().lines().toList().getLast());
    assertEquals(2, trained.integer("count"), "a tenth is held out");
    Path second = place.resolve("second");
    String[] further = {
      "train",
      "--images",
      pictures.toString(),
      "--model",
      first.toString(),
      "--seen",
      "16",
      "--rate",
      "0.01",
      "--hold-out",
      "0.5"
    };
    assertEquals(
        ExitStatus.DONE,
        run(List.of("--batch", "8", "--out", second.toString()), further),
        err.toString());
    assertFalse(
        Files.mismatch(first.resolve("model.safetensors"), second.resolve("model.safetensors")) < 0,
        "training changes weights");
    assertEquals(
        Json.readObject(first.resolve("preprocessor_config.json")),
        Json.readObject(second.resolve("preprocessor_config.json")));
    Path third = place.resolve("third");
    assertEquals(
        ExitStatus.DONE,
        run(List.of("--batch", "8", "--out", third.toString(), "--classes", "70"), further),
        err.toString());
    assertEquals(
        70, Json.readObject(third.resolve("config.json")).object("id2label").keys().size());
    assertEquals(
        ExitStatus.DONE,
        run(List.of(), "eval", third.toString(), "--images", pictures.toString(), "-q"),
        err.toString());
  }

  @Test
  void contradictingOptionsAreUsageErrors() {
    for (String[] wrong :
        new String[][] {
          {"--model", "x"},
          {"--images", "x", "--hold-out", "1"},
          {"--images", "x", "--classes", "3"},
          {"--no-augment"}
        }) {
      err.getBuffer().setLength(0);
      List<String> args =
          new ArrayList<>(List.of("train", "--out", place.resolve("out").toString()));
      args.addAll(List.of(wrong));
      assertEquals(ExitStatus.USAGE, run(TINY, args.toArray(String[]::new)), err.toString());
      assertEquals(1, err.toString().lines().count(), err.toString());
    }
    assertFalse(Files.exists(place.resolve("out")));
  }

  /** Four images of 8 x 8 whose pixels number themselves. */
  private record Numbered() implements ImageSet {
    @Override
    public long size() {
      return 4;
    }

    @Override
    public int classes() {
      return 4;
    }

    @Override
    public int imageSize() {
      return 8;
    }

    @Override
    public int read(long index, float[] pixels, int offset) {
      for (int i = 0; i < elements(); i++) {
        pixels[offset + i] = i;
      }
      return (int) index;
    }
  }

  @Test
  void trainingImagesAreMirroredAndShiftedByTheSeedAlone() {
    TrainingImages varied = new TrainingImages(new Numbered(), 3, true);
    TrainingImages again = new TrainingImages(new Numbered(), 3, true);
    float[] pixels = new float[varied.elements() + 1];
    float[] same = new float[varied.elements() + 1];
    boolean mirrored = false;
    boolean shifted = false;
    int[] seen = new int[4];
    for (long position = 0; position < 40; position++) {
      seen[varied.read(position, pixels, 1)]++;
      again.read(position, same, 1);
      assertArrayEquals(pixels, same);
      float middle = pixels[1 + 8 * 4 + 4];
      float next = pixels[1 + 8 * 4 + 5];
      mirrored |= next == middle - 1;
      shifted |= Math.abs(middle - 36) > 8;
      assertTrue(
          Math.abs(next - middle) == 1
              && middle >= 24
              && middle < 48
              && pixels[1 + 64 + 36] == middle + 64,
          middle + " " + next);
    }
    assertTrue(mirrored && shifted);
    assertArrayEquals(new int[] {10, 10, 10, 10}, seen);
    TrainingImages plain = new TrainingImages(new Numbered(), 3, false);
    plain.read(5, pixels, 0);
    assertEquals(36, pixels[36]);
  }

  private int run(List<String> more, String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(more);
    return Main.run(new PrintWriter(out), new PrintWriter(err), all.toArray(String[]::new));
  }
}
