package nibble.cli.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import nibble.cli.data.ByteImageSet;
import nibble.cli.data.FolderImageSet;
import nibble.cli.data.SyntheticImageSet;
import nibble.cli.quantization.Calibration;
import nibble.cli.quantization.RecipeJson;
import nibble.cli.quantization.TextCalibration;
import nibble.cli.synthetic.ClassNames;
import nibble.cli.synthetic.Split;
import nibble.cli.terminal.CommandFailure;
import nibble.loaders.data.ByteImages;
import nibble.loaders.data.LabeledImages;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.loaders.tokenizer.Tokenizers;
import nibble.nn.ImageClassifier;
import nibble.nn.Model;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.TextEncoder;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.pipeline.RecipeRunner;
import nibble.quant.recipe.Recipe;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that say how a model is quantized. */
public final class RecipeOptions {
  private static final String BUILT_IN = "built-in";
  private static final int LONGEST_WINDOW = 512;

  @Option(
      names = "--method",
      paramLabel = "M",
      description =
          "A name of 'nibble methods', or several joined by +: what prepares, what quantizes, what"
              + " mends, as in hadamard+gptq+qwt (default: gptq).")
  private @Nullable String method;

  @Option(
      names = "--scheme",
      paramLabel = "S",
      description =
          "Bits of weights and activations, such as W4A16, 'W4A16 g64' or W8A8 (default: W4A8).")
  private @Nullable String scheme;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "An option of the method; also edge-bits=N and observer=NAME.")
  private Map<String, String> settings = new LinkedHashMap<>();

  @Option(
      names = "--recipe",
      paramLabel = "FILE",
      description = "A recipe as JSON, instead of --method, --scheme and --set.")
  private @Nullable Path recipeFile;

  @Option(
      names = "--calibration",
      paramLabel = "DIR|FILE",
      description =
          "What to calibrate with: a folder of images, or built-in; a text or JSON lines for models"
              + " of text.")
  private @Nullable String calibration;

  @Option(
      names = "--calibration-list",
      paramLabel = "FILE",
      description =
          "CSV with file and class_index: which images of the folder to take (default: its"
              + " labels.csv, else all).")
  private @Nullable Path calibrationList;

  @Option(
      names = {"--calibration-samples", "--calibration-images"},
      paramLabel = "N",
      description = "How many images or pieces of text (default: ${DEFAULT-VALUE}).")
  private int calibrationImages = 64;

  @Option(
      names = "--calibration-window",
      paramLabel = "N",
      description = "Tokens of a piece of text (default: what the model takes, at most 512).")
  private @Nullable Integer calibrationWindow;

  /** For picocli. */
  public RecipeOptions() {}

  /** The recipe that the options ask for. */
  Recipe recipe(long seed) {
    Path file = recipeFile;
    if (file != null) {
      if (method != null || scheme != null || !settings.isEmpty()) {
        throw CommandFailure.usage("--recipe says all; leave out --method, --scheme and --set");
      }
      return RecipeJson.read(file);
    }
    try {
      return Presets.recipe(
          MethodCatalogue.standard(),
          method == null ? "gptq" : method,
          settings,
          Scheme.parse(scheme == null ? "W4A8" : scheme),
          seed);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(String.valueOf(e.getMessage()));
    }
  }

  /** The runner of {@code recipe}; what it refuses is a usage error. */
  static RecipeRunner runner(Recipe recipe) {
    try {
      return new RecipeRunner(MethodCatalogue.standard(), recipe);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(String.valueOf(e.getMessage()));
    }
  }

  /** The calibration data, read and prepared; none if the recipe needs none and none is named. */
  Calibration calibration(OpenModel open, Recipe recipe, long seed) {
    if (calibrationImages < 1 || calibrationImages > 1_000_000) {
      throw CommandFailure.usage(
          "--calibration-samples must be 1 to 1000000, was " + calibrationImages);
    }
    String place = calibration;
    if (place == null) {
      boolean needed = runner(recipe).plan().needsCalibration(open.model());
      if (!needed) {
        return Calibration.none();
      }
      throw CommandFailure.usage(
          "this recipe needs calibration data: name it with --calibration, or choose --method rtn");
    }
    if (open.model() instanceof CausalLanguageModel model) {
      return TextCalibration.read(Path.of(place))
          .windows(tokenizer(open), window(model.contextLength()), calibrationImages, seed);
    }
    if (open.model() instanceof TextEncoder encoder) {
      return TextCalibration.read(Path.of(place))
          .sentences(tokenizer(open), window(encoder.contextLength()), calibrationImages);
    }
    if (place.equals(BUILT_IN)) {
      int side = open.imageClassifier().imageSize();
      return Calibration.of(
          new SyntheticImageSet(Split.CALIBRATION, seed, side, calibrationImages),
          calibrationImages,
          isBuiltIn(open));
    }
    int size = open.imageSide();
    Path folder = Path.of(place);
    if (Files.isRegularFile(folder)) {
      if (calibrationList != null) {
        throw CommandFailure.usage(
            "--calibration-list chooses images of a folder, " + place + " is a file");
      }
      return Calibration.of(
          new ByteImageSet(
              ByteImages.read(folder, null), open.preprocessor(), size, Integer.MAX_VALUE),
          calibrationImages,
          true);
    }
    Path labels = calibrationList == null ? folder.resolve(LabeledImages.LABELS) : calibrationList;
    boolean labelled = calibrationList != null || Files.exists(labels);
    LabeledImages images =
        labelled
            ? LabeledImages.read(folder, labels, open.imageClassifier().classes())
            : LabeledImages.unlabeled(folder);
    return Calibration.of(
        new FolderImageSet(images, open.preprocessor(), size), calibrationImages, labelled);
  }

  /** Tokens of a sample of {@code model}, for estimates; windows of text are taken as full. */
  int tokensOfSample(Model model) {
    return switch (model) {
      case CausalLanguageModel language -> window(language.contextLength());
      case TextEncoder encoder -> window(encoder.contextLength());
      case ImageClassifier classifier -> classifier.tokens();
      default -> 1;
    };
  }

  /** What the calibration data is, in words. */
  String calibrationInWords(Model model) {
    return model instanceof CausalLanguageModel || model instanceof TextEncoder
        ? "%d pieces of text, at most %d tokens each"
            .formatted(calibrationImages, tokensOfSample(model))
        : calibrationImages + " images";
  }

  private static Tokenizer tokenizer(OpenModel open) {
    return Tokenizers.load(open.loaded().checkpoint().folder());
  }

  private int window(int context) {
    Integer wanted = calibrationWindow;
    if (wanted != null && (wanted < 2 || wanted > context)) {
      throw CommandFailure.usage(
          "--calibration-window must be 2 to %d, what the model takes, was %d"
              .formatted(context, wanted));
    }
    return wanted == null ? Math.min(context, LONGEST_WINDOW) : wanted;
  }

  /** Whether the classes of the model are those of the built-in pictures. */
  private static boolean isBuiltIn(OpenModel open) {
    return open.imageClassifier().classes() == ClassNames.COUNT
        && open.loaded().labels().getFirst().equals(ClassNames.of(0));
  }

  int calibrationImages() {
    return calibrationImages;
  }
}
