package nibble.cli.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import nibble.cli.data.FolderImageSet;
import nibble.cli.data.TrainingImages;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.training.NewHead;
import nibble.loaders.data.LabeledImages;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.json.JsonObject;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that say which labelled folder a model is trained on, and which model. */
public final class OwnImages {
  @Option(
      names = "--images",
      paramLabel = "DIR",
      description = "Folder of labelled images to learn from, instead of the built-in pictures.")
  private @Nullable Path images;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description =
          "CSV file with the columns file and class_index (default: labels.csv in the folder).")
  private @Nullable Path labels;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "Model to train further; without it a new one is made.")
  private @Nullable String model;

  @Option(
      names = "--classes",
      paramLabel = "N",
      description = "With --model: begin with a new classifier for N classes.")
  private int classes;

  @Option(
      names = "--hold-out",
      paramLabel = "SHARE",
      description = "Share of the folder kept for the final score (default: ${DEFAULT-VALUE}).")
  private double holdOut = 0.1;

  @Option(names = "--no-augment", description = "Do not mirror and shift the images.")
  private boolean plain;

  /** For picocli. */
  public OwnImages() {}

  /** Whether a folder was named. */
  boolean areChosen() {
    if (images == null && (labels != null || model != null || classes != 0 || plain)) {
      throw CommandFailure.usage("--labels, --model, --classes and --no-augment need --images DIR");
    }
    return images != null;
  }

  /** Whether a trained model is the start. */
  boolean isFineTuning() {
    return model != null;
  }

  /** A number of training images that sees each file ten times. */
  long defaultSeen(TrainingTask task) {
    return 10 * Math.max(1, Math.round(task.heldOut().size() * (1 - holdOut) / holdOut));
  }

  /** The task; all weights of a model are read here. */
  TrainingTask task(ModelShape shape, long seed) {
    if (!(holdOut > 0 && holdOut < 1)) {
      throw CommandFailure.usage("--hold-out must be above 0 and below 1, was " + holdOut);
    }
    return model == null ? fresh(shape, seed) : furtherTraining(model, seed);
  }

  private TrainingTask fresh(ModelShape shape, long seed) {
    if (classes != 0) {
      throw CommandFailure.usage(
          "--classes goes with --model; a new model has the classes of the labels");
    }
    LabeledImages all = read(Integer.MAX_VALUE);
    int count =
        1 + all.samples().stream().mapToInt(LabeledImages.Sample::classIndex).max().orElse(0);
    ImageClassifier made = TrainingTask.fresh(shape.config(count), seed);
    return task(
        all,
        made,
        numbered(count),
        JsonObject.empty(),
        BuiltInPreprocessor.config(made.imageSize()),
        shape.arguments(),
        seed);
  }

  private TrainingTask furtherTraining(String name, long seed) {
    try (OpenModel open = OpenModel.of(name)) {
      ImageClassifier trained = open.imageClassifier();
      if (trained.linears().stream().anyMatch(Linear::isReplaced)) {
        throw CommandFailure.failed(name + ": is quantized; training needs a float model");
      }
      ImageClassifier start =
          classes == 0 ? trained : newHead(trained, open.loaded().checkpoint().config());
      start.parameters().forEach(Parameter::floats); // copied, so that the files can be closed
      open.preprocessor();
      JsonObject preprocessor = open.loaded().checkpoint().preprocessorConfig().orElseThrow();
      List<String> names = classes == 0 ? open.loaded().labels() : numbered(classes);
      return task(
          read(start.classes()),
          start,
          names,
          open.loaded().checkpoint().config(),
          preprocessor,
          "--model " + name + (classes == 0 ? "" : " --classes " + classes),
          seed);
    }
  }

  private ImageClassifier newHead(ImageClassifier trained, JsonObject config) {
    if (classes < 1 || classes > 1_000_000) {
      throw CommandFailure.usage("--classes must be 1 to 1000000, was " + classes);
    }
    return NewHead.on(trained, config, classes);
  }

  private TrainingTask task(
      LabeledImages all,
      ImageClassifier start,
      List<String> names,
      JsonObject config,
      JsonObject preprocessor,
      String arguments,
      long seed) {
    if (all.size() < 2) {
      throw CommandFailure.failed(
          folder()
              + ": holds one labelled image; training needs at least two, one of them to test"
              + " with");
    }
    List<LabeledImages.Sample> shuffled = shuffled(all.samples(), seed);
    int tested = Math.clamp(Math.round(holdOut * all.size()), 1, all.size() - 1);
    ImagePreprocessor prepare = ImagePreprocessor.fromJson(preprocessor);
    FolderImageSet heldOut =
        new FolderImageSet(
            new LabeledImages(shuffled.subList(0, tested)), prepare, start.imageSize());
    FolderImageSet rest =
        new FolderImageSet(
            new LabeledImages(shuffled.subList(tested, all.size())), prepare, start.imageSize());
    String own =
        "--images %s%s --hold-out %s%s"
            .formatted(
                folder(),
                labels == null ? "" : " --labels " + labels,
                holdOut,
                plain ? " --no-augment" : "");
    return new TrainingTask(
        start,
        new TrainingImages(rest, seed, !plain),
        heldOut,
        names,
        config,
        preprocessor,
        own + " " + arguments);
  }

  private LabeledImages read(int limit) {
    return LabeledImages.read(
        folder(), labels == null ? folder().resolve(LabeledImages.LABELS) : labels, limit);
  }

  private Path folder() {
    if (images == null) {
      throw new IllegalStateException("no folder was chosen");
    }
    return images;
  }

  private static List<String> numbered(int count) {
    return IntStream.range(0, count).mapToObj(Integer::toString).toList();
  }

  private static <T> List<T> shuffled(List<T> list, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<T> result = new ArrayList<>(list);
    for (int i = result.size() - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      T other = result.get(j);
      result.set(j, result.get(i));
      result.set(i, other);
    }
    return result;
  }
}
