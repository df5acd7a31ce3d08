package nibble.cli.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.cli.data.ByteImageSet;
import nibble.cli.data.FolderImageSet;
import nibble.cli.data.ImageSet;
import nibble.cli.data.SyntheticImageSet;
import nibble.cli.synthetic.Split;
import nibble.cli.terminal.CommandFailure;
import nibble.loaders.data.ByteImages;
import nibble.loaders.data.LabeledImages;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that say on which labelled images something is measured. */
public final class ImageChoice {
  @Option(
      names = "--images",
      paramLabel = "DIR",
      description = "Folder of images, or one file of CIFAR-10 (binary) or MNIST (IDX).")
  private @Nullable Path images;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description =
          "CSV file with the columns file and class_index (default: labels.csv in the folder); of"
              + " an IDX file, its file of labels.")
  private @Nullable Path labels;

  @Option(
      names = "--built-in",
      paramLabel = "N",
      description = "Instead of a folder: N held-out pictures of the built-in set.")
  private int builtIn;

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N images.")
  private int limit = Integer.MAX_VALUE;

  /** For picocli. */
  public ImageChoice() {}

  /** Whether images were chosen at all. */
  boolean isGiven() {
    return images != null || builtIn != 0;
  }

  /** The same choice as arguments for another command. */
  List<String> arguments() {
    List<String> arguments = new ArrayList<>();
    Path folder = images;
    if (folder != null) {
      arguments.addAll(List.of("--images", folder.toString()));
    }
    Path table = labels;
    if (table != null) {
      arguments.addAll(List.of("--labels", table.toString()));
    }
    if (builtIn != 0) {
      arguments.addAll(List.of("--built-in", Integer.toString(builtIn)));
    }
    if (limit != Integer.MAX_VALUE) {
      arguments.addAll(List.of("--limit", Integer.toString(limit)));
    }
    return arguments;
  }

  /** Opens the images as {@code model} wants them. */
  ImageSet open(OpenModel model, long seed) {
    if ((images == null) == (builtIn == 0)) {
      throw CommandFailure.usage(
          "name what to measure on: --images DIR, --built-in N, --text FILE or --sts FILE");
    }
    if (builtIn < 0 || limit < 1) {
      throw CommandFailure.usage("--built-in and --limit must be at least 1");
    }
    if (images == null) {
      return new SyntheticImageSet(
          Split.TEST, seed, model.imageClassifier().imageSize(), Math.min(builtIn, limit));
    }
    int size = model.imageSide();
    if (Files.isRegularFile(images)) {
      return new ByteImageSet(ByteImages.read(images, labels), model.preprocessor(), size, limit);
    }
    Path table = labels == null ? images.resolve(LabeledImages.LABELS) : labels;
    LabeledImages all = LabeledImages.read(images, table, model.imageClassifier().classes());
    LabeledImages first =
        limit < all.size() ? new LabeledImages(all.samples().subList(0, limit)) : all;
    return new FolderImageSet(first, model.preprocessor(), size);
  }
}
