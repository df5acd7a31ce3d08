package nibble.loaders.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import nibble.loaders.BadFileException;
import nibble.loaders.image.RgbImage;

/**
 * A folder of images with a CSV file that has the columns {@code file} (path inside the folder) and
 * {@code class_index}. Only names are held; images are decoded when asked for.
 *
 * @param samples in the order of the CSV file, at least one
 */
public record LabeledImages(List<Sample> samples) {
  /** Usual name of the list of labels. */
  public static final String LABELS = "labels.csv";

  public LabeledImages {
    samples = List.copyOf(samples);
  }

  /**
   * One image and its class.
   *
   * @param file path of the image
   * @param classIndex from 0
   */
  public record Sample(Path file, int classIndex) {
    /** The image. Throws {@link BadFileException} if it cannot be decoded. */
    public RgbImage decode() {
      return RgbImage.decode(file);
    }
  }

  /**
   * The images of {@code folder} listed in its {@value #LABELS}. See {@link #read(Path, Path,
   * int)}.
   */
  public static LabeledImages read(Path folder, int classes) {
    return read(folder, folder.resolve(LABELS), classes);
  }

  /**
   * The images of {@code folder} listed in {@code labels}.
   *
   * @param classes class indices must be below this; {@link Integer#MAX_VALUE} accepts all
   * @throws BadFileException naming the line, if a column is missing, a file does not exist, lies
   *     outside of the folder or is listed twice, or an index is not from 0 to {@code classes - 1}
   */
  public static LabeledImages read(Path folder, Path labels, int classes) {
    if (!Files.isDirectory(folder)) {
      throw BadFileException.of(folder, "no such folder of images");
    }
    Csv csv = Csv.read(labels);
    int fileColumn = csv.column("file");
    int classColumn = csv.column("class_index");
    Map<Path, Integer> lines = new HashMap<>();
    List<Sample> samples = new ArrayList<>(csv.rows().size());
    for (Csv.Row row : csv.rows()) {
      Path file = file(folder, labels, row.line(), row.fields().get(fileColumn));
      Integer before = lines.putIfAbsent(file, row.line());
      if (before != null) {
        throw error(
            labels,
            row.line(),
            "lists '%s' again, it is already in line %d"
                .formatted(row.fields().get(fileColumn), before));
      }
      samples.add(
          new Sample(file, classIndex(labels, row.line(), row.fields().get(classColumn), classes)));
    }
    if (samples.isEmpty()) {
      throw BadFileException.of(labels, "lists no images");
    }
    return new LabeledImages(samples);
  }

  /**
   * All images of {@code folder} (JPEG and PNG, by the ends of their names), sorted by name; every
   * label is 0 and means nothing.
   *
   * @throws BadFileException if there is no such folder, or no image in it
   */
  public static LabeledImages unlabeled(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw BadFileException.of(folder, "no such folder of images");
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Sample> samples =
          files.filter(LabeledImages::isImage).sorted().map(file -> new Sample(file, 0)).toList();
      if (samples.isEmpty()) {
        throw BadFileException.of(folder, "holds no .jpg, .jpeg or .png file");
      }
      return new LabeledImages(samples);
    } catch (IOException e) {
      throw BadFileException.reading(folder, e);
    }
  }

  private static boolean isImage(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".jpg") || name.endsWith(".jpeg") || name.endsWith(".png");
  }

  /** Number of images. */
  public int size() {
    return samples.size();
  }

  private static Path file(Path folder, Path labels, int line, String name) {
    try {
      Path file = folder.resolve(name).normalize();
      if (name.isEmpty() || !file.startsWith(folder.normalize())) {
        throw error(labels, line, "file '" + name + "' is not inside the folder " + folder);
      }
      if (!Files.isRegularFile(file)) {
        throw error(labels, line, "file '" + name + "' does not exist in " + folder);
      }
      return file;
    } catch (InvalidPathException e) {
      throw error(labels, line, "file '" + name + "' is no file name: " + e.getReason());
    }
  }

  private static int classIndex(Path labels, int line, String text, int classes) {
    try {
      int index = Integer.parseInt(text);
      if (index >= 0 && index < classes) {
        return index;
      }
    } catch (NumberFormatException _) {
      // reported below
    }
    throw error(
        labels,
        line,
        "class_index is '%s', expected an integer from 0 to %d".formatted(text, classes - 1));
  }

  private static BadFileException error(Path labels, int line, String problem) {
    return BadFileException.of(labels, "line " + line + ": " + problem);
  }
}
