package nibble.cli.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.Progress;
import nibble.cli.terminal.Reasons;
import nibble.loaders.api.Embedder;
import nibble.loaders.api.ImageTextEmbedder;
import nibble.loaders.model.ModelKind;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nibble embed}: vectors of texts or images. */
@Command(
    name = "embed",
    description =
        "Prints one vector a line: of texts, of the lines of a file, or of images where the model"
            + " takes images.")
public final class EmbedCommand extends NibbleCommand {
  private static final int BATCH = 64;

  @Parameters(index = "0", paramLabel = "MODEL", description = "Folder, org/name, or demo.")
  private String name = "";

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "TEXT|IMAGE",
      description = "Texts; or PNG and JPEG files for models of images.")
  private List<String> inputs = new ArrayList<>();

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "Take every line of this UTF-8 file as a text; - for standard input.")
  private @Nullable String file;

  @Option(
      names = "--image",
      paramLabel = "FILE",
      description =
          "An image, of models that take texts and images (CLIP, SigLIP); may be given several"
              + " times.")
  private List<Path> pictures = new ArrayList<>();

  @Option(
      names = "--prefix",
      paramLabel = "TEXT",
      description = "Put this before every text, such as 'query: '.")
  private String prefix = "";

  @Option(names = "--max-tokens", paramLabel = "N", description = "Cut texts off after N tokens.")
  private @Nullable Integer maxTokens;

  /** For picocli. */
  public EmbedCommand() {}

  @Override
  int run(Console console, CommonOptions common) throws IOException {
    Path folder = OpenModel.folder(name);
    List<JsonOut> results = new ArrayList<>();
    ModelKind kind = ModelKind.of(folder);
    if (kind != ModelKind.IMAGES_AND_TEXTS && !pictures.isEmpty()) {
      throw CommandFailure.usage(
          "--image is for models of images and texts; name images of other models like texts");
    }
    switch (kind) {
      case IMAGE_CLASSIFIER -> {
        try (ImageFeatures features = ImageFeatures.open(folder, common)) {
          for (String image : images(features)) {
            emit(image, "file", features.of(Path.of(image)), console, common, results);
          }
        }
      }
      case IMAGES_AND_TEXTS -> both(folder, console, common, results);
      case TEXT_ENCODER, LANGUAGE_MODEL ->
          texts(folder, console, common, results); // the latter is refused by name
    }
    if (common.json()) {
      JsonOut.result().put("results", results).print(console.out());
    }
    return done();
  }

  private List<String> images(ImageFeatures features) {
    if (file != null || !prefix.isEmpty() || maxTokens != null) {
      throw CommandFailure.usage(
          "%s takes images; --file, --prefix and --max-tokens are for texts"
              .formatted(features.architecture()));
    }
    if (inputs.isEmpty()) {
      throw CommandFailure.usage("name at least one image");
    }
    return inputs;
  }

  /** Texts first, then images; their vectors are of one space. */
  private void both(Path folder, Console console, CommonOptions common, List<JsonOut> results)
      throws IOException {
    if (maxTokens != null) {
      throw CommandFailure.usage("--max-tokens is for text encoders");
    }
    List<String> texts =
        pictures.isEmpty() || file != null || !inputs.isEmpty() ? texts() : List.of();
    try (ImageTextEmbedder embedder =
        ImageTextEmbedder.builder(folder).threads(common.threads()).open()) {
      for (String text : texts) {
        emit(text, "text", embedder.embedText(prefix + text), console, common, results);
      }
      for (Path picture : pictures) {
        emit(picture.toString(), "file", embedder.embedImage(picture), console, common, results);
      }
    }
  }

  private void texts(Path folder, Console console, CommonOptions common, List<JsonOut> results)
      throws IOException {
    List<String> texts = texts();
    Embedder.Builder builder = Embedder.builder(folder).threads(common.threads()).prefix(prefix);
    Integer most = maxTokens;
    if (most != null) {
      if (most < 1) {
        throw CommandFailure.usage("--max-tokens must be at least 1, was " + most);
      }
      builder.maxTokens(most);
    }
    try (Embedder embedder = builder.open();
        Progress progress = console.progress("embed", texts.size(), "texts")) {
      for (int from = 0; from < texts.size(); from += BATCH) {
        List<String> batch = texts.subList(from, Math.min(texts.size(), from + BATCH));
        List<float[]> vectors = embedder.embed(batch);
        for (int i = 0; i < batch.size(); i++) {
          emit(batch.get(i), "text", vectors.get(i), console, common, results);
        }
        progress.to(from + batch.size());
      }
    }
  }

  private List<String> texts() throws IOException {
    String source = file;
    if (source == null) {
      if (inputs.isEmpty()) {
        throw CommandFailure.usage("name at least one text, or a file of texts with -f");
      }
      return inputs;
    }
    if (!inputs.isEmpty()) {
      throw CommandFailure.usage("texts come from the command line or from -f, not both");
    }
    if (source.equals("-")) {
      return new String(System.in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
    try {
      return Files.readAllLines(Path.of(source));
    } catch (IOException e) {
      throw CommandFailure.failed(source + ": cannot be read as UTF-8 text: " + Reasons.of(e));
    }
  }

  private static void emit(
      String input,
      String kind,
      float[] vector,
      Console console,
      CommonOptions common,
      List<JsonOut> results) {
    if (common.json()) {
      List<Float> numbers = new ArrayList<>(vector.length);
      for (float value : vector) {
        numbers.add(value);
      }
      results.add(JsonOut.object().put(kind, input).put("vector", numbers));
      return;
    }
    StringJoiner line = new StringJoiner(" ");
    for (float value : vector) {
      line.add(Float.toString(value));
    }
    console.out().println(line);
  }
}
