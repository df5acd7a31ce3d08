package nibble.cli.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import nibble.cli.evaluation.Evaluation;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.Table;
import nibble.loaders.api.ImageTextEmbedder;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.image.RgbImage;
import nibble.loaders.model.ModelKind;
import nibble.nn.ImageClassifier;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nibble classify}: what is in some images. */
@Command(name = "classify", description = "Prints the most probable classes of images.")
public final class ClassifyCommand extends NibbleCommand {
  @Parameters(index = "0", paramLabel = "MODEL", description = "Folder, org/name, or demo.")
  private String name = "";

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "IMAGE",
      description = "PNG or JPEG files.")
  private List<Path> images = new ArrayList<>();

  @Option(
      names = "--top",
      paramLabel = "N",
      description = "Classes to print (default: ${DEFAULT-VALUE}).")
  private int top = 5;

  @Option(
      names = "--label",
      paramLabel = "TEXT",
      description =
          "With CLIP and SigLIP: a text that may describe the images, such as 'a photo of a cat';"
              + " give several.")
  private List<String> candidates = new ArrayList<>();

  /** For picocli. */
  public ClassifyCommand() {}

  /** One class with its probability. */
  private record Choice(int index, double probability) {}

  @Override
  int run(Console console, CommonOptions common) {
    if (top < 1) {
      throw CommandFailure.usage("--top must be at least 1, was " + top);
    }
    List<JsonOut> results = new ArrayList<>();
    Path folder = OpenModel.folder(name);
    if (ModelKind.of(folder) == ModelKind.IMAGES_AND_TEXTS) {
      byTexts(folder, results, console, common);
    } else {
      byClasses(results, console, common);
    }
    if (common.json()) {
      JsonOut.result().put("results", results).print(console.out());
    }
    return done();
  }

  /** Among the texts of the user, by a model of images and texts. */
  private void byTexts(Path folder, List<JsonOut> results, Console console, CommonOptions common) {
    if (candidates.isEmpty()) {
      throw CommandFailure.usage(
          "a model of images and texts chooses among texts; name some with --label");
    }
    try (ImageTextEmbedder embedder =
        ImageTextEmbedder.builder(folder).threads(common.threads()).open()) {
      for (Path image : images) {
        List<Choice> choices =
            embedder.classify(image, candidates).stream()
                .limit(top)
                .map(p -> new Choice(p.index(), p.probability()))
                .toList();
        emit(image, choices, candidates, results, console, common);
      }
    }
  }

  private void byClasses(List<JsonOut> results, Console console, CommonOptions common) {
    if (!candidates.isEmpty()) {
      throw CommandFailure.usage(
          "--label is for models of images and texts; this one has classes of its own");
    }
    try (OpenModel open = OpenModel.of(name);
        Ops ops = new Ops(common.openSplitter())) {
      ImageClassifier model = open.imageClassifier();
      ImagePreprocessor preprocessor = open.preprocessor();
      Evaluation evaluation = new Evaluation(ops, 1);
      List<String> labels = open.loaded().labels();
      for (Path image : images) {
        float[] pixels = preprocessor.apply(RgbImage.decode(image));
        Tensor input = input(pixels, preprocessor.channels(), open.imageSide(), image);
        emit(
            image,
            choices(open.checked(() -> evaluation.logits(model, input))),
            labels,
            results,
            console,
            common);
      }
    }
  }

  private static void emit(
      Path image,
      List<Choice> choices,
      List<String> labels,
      List<JsonOut> results,
      Console console,
      CommonOptions common) {
    if (common.json()) {
      results.add(json(image, choices, labels));
    } else {
      print(image, choices, labels, console);
    }
  }

  private static Tensor input(float[] pixels, int channels, int size, Path image) {
    if (pixels.length != channels * size * size) {
      throw CommandFailure.failed(
          "%s: becomes %d values after preprocessing, the model takes %d x %d x %d; check preprocessor_config.json"
              .formatted(image, pixels.length, channels, size, size));
    }
    return Tensor.of(pixels, 1, channels, size, size);
  }

  private List<Choice> choices(float[] logits) {
    double most = IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).max().orElse(0);
    double sum =
        IntStream.range(0, logits.length).mapToDouble(i -> Math.exp(logits[i] - most)).sum();
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted((a, b) -> Float.compare(logits[b], logits[a]))
        .limit(top)
        .map(i -> new Choice(i, Math.exp(logits[i] - most) / sum))
        .toList();
  }

  private static JsonOut json(Path image, List<Choice> choices, List<String> labels) {
    List<JsonOut> list =
        choices.stream()
            .map(
                choice ->
                    JsonOut.object()
                        .put("index", choice.index())
                        .put("label", labels.get(choice.index()))
                        .put("p", choice.probability()))
            .toList();
    return JsonOut.object().put("file", image.toString()).put("top", list);
  }

  private static void print(
      Path image, List<Choice> choices, List<String> labels, Console console) {
    Table table = new Table(image.toString(), "probability", "class").alignRight(1, 2);
    for (Choice choice : choices) {
      table.row(
          labels.get(choice.index()),
          String.format(Locale.ROOT, "%.2f %%", 100 * choice.probability()),
          Integer.toString(choice.index()));
    }
    table.print(console.out());
    console.out().println();
    console.out().flush();
  }
}
