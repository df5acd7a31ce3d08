package nibble.cli.table;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.cli.terminal.CommandFailure;
import nibble.loaders.data.LabeledImages;

/**
 * The images of a labelled folder in two parts that share none: every so many for calibration, the
 * rest for evaluation.
 *
 * @param calibration at equal distances over the list
 * @param evaluation all others
 */
public record FolderSplit(LabeledImages calibration, LabeledImages evaluation) {

  /**
   * {@code count} of the images for calibration. A count that leaves none for evaluation is a usage
   * error.
   */
  public static FolderSplit of(LabeledImages all, int count) {
    if (count < 1 || count >= all.size()) {
      throw CommandFailure.usage(
          "--split must be 1 to %d for this folder, was %d".formatted(all.size() - 1, count));
    }
    List<LabeledImages.Sample> first = new ArrayList<>();
    List<LabeledImages.Sample> second = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      boolean begins = (long) i * count / all.size() != (long) (i + 1) * count / all.size();
      (begins ? first : second).add(all.samples().get(i));
    }
    return new FolderSplit(new LabeledImages(first), new LabeledImages(second));
  }

  /** Writes both parts as lists that {@code --calibration-list} and {@code --labels} take. */
  public void write(Path folder, Path calibrationFile, Path evaluationFile) {
    write(folder, calibration, calibrationFile);
    write(folder, evaluation, evaluationFile);
  }

  private static void write(Path folder, LabeledImages images, Path file) {
    StringBuilder text = new StringBuilder("file,class_index\n");
    for (LabeledImages.Sample sample : images.samples()) {
      String name = folder.normalize().relativize(sample.file()).toString();
      text.append(quoted(name)).append(',').append(sample.classIndex()).append('\n');
    }
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String quoted(String name) {
    return name.contains(",") || name.contains("\"")
        ? '"' + name.replace("\"", "\"\"") + '"'
        : name;
  }
}
