package nibble.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import nibble.cli.synthetic.ClassNames;
import nibble.cli.synthetic.PngWriter;
import nibble.cli.synthetic.Split;
import nibble.cli.synthetic.SyntheticImages;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.Progress;
import nibble.loaders.FolderWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code nibble images}: writes pictures of the built-in set, with their labels, as other commands
 * read them.
 */
@Command(
    name = "images",
    description = "Writes pictures of the built-in set as PNG files with a labels.csv.")
public final class ImagesCommand extends NibbleCommand {
  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write, new or empty.")
  private Path out = Path.of("");

  @Option(
      names = "--split",
      paramLabel = "NAME",
      description = "train, calibration or test (default: test).")
  private Split split = Split.TEST;

  @Option(
      names = "--count",
      paramLabel = "N",
      description = "Number of pictures (default: ${DEFAULT-VALUE}).")
  private int count = 256;

  @Option(
      names = "--size",
      paramLabel = "PIXELS",
      description = "Side of a picture (default: ${DEFAULT-VALUE}).")
  private int size = SyntheticImages.DEFAULT_SIZE;

  /** For picocli. */
  public ImagesCommand() {}

  @Override
  int run(Console console, CommonOptions common) throws IOException {
    if (count < 1 || count > 1_000_000) {
      throw CommandFailure.usage("--count must be 1 to 1000000, was " + count);
    }
    if (size < SyntheticImages.LEAST_SIZE || size > SyntheticImages.LARGEST_SIZE) {
      throw CommandFailure.usage(
          "--size must be %d to %d, was %d"
              .formatted(SyntheticImages.LEAST_SIZE, SyntheticImages.LARGEST_SIZE, size));
    }
    try (FolderWriter folder = FolderWriter.create(out, FolderWriter.Existing.REFUSE);
        Progress progress = console.progress("images", count, "images")) {
      writeAll(folder.path(), new SyntheticImages(split, common.seed(), size), progress);
      folder.commit();
    }
    if (common.json()) {
      JsonOut.result()
          .put("images", count)
          .put("classes", ClassNames.COUNT)
          .put("folder", out.toString())
          .print(console.out());
    } else {
      console.out().printf(Locale.ROOT, "%s: %,d images and labels.csv%n", out, count);
    }
    return done();
  }

  private void writeAll(Path folder, SyntheticImages images, Progress progress) throws IOException {
    StringBuilder labels = new StringBuilder("file,class_index,name\n");
    byte[] rgb = new byte[images.bytesPerImage()];
    for (int i = 0; i < count; i++) {
      int label = images.render(i, rgb);
      String file = "%s-%06d.png".formatted(split.name().toLowerCase(Locale.ROOT), i);
      Files.write(folder.resolve(file), PngWriter.encode(rgb, size, size));
      labels
          .append(file)
          .append(',')
          .append(label)
          .append(',')
          .append(ClassNames.of(label))
          .append('\n');
      progress.to(i + 1);
    }
    Files.writeString(folder.resolve("labels.csv"), labels);
  }
}
