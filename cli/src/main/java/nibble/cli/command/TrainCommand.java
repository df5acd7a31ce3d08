package nibble.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import nibble.cli.data.Batch;
import nibble.cli.data.BatchReader;
import nibble.cli.data.ImageSet;
import nibble.cli.data.Order;
import nibble.cli.evaluation.Evaluation;
import nibble.cli.evaluation.Score;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.Progress;
import nibble.cli.training.TrainedModelFolder;
import nibble.cli.training.Training;
import nibble.cli.training.TrainingOptions;
import nibble.cli.training.TrainingState;
import nibble.loaders.FolderWriter;
import nibble.nn.ImageClassifier;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code nibble train}: a new ViT, or any image classifier that was trained before, on the built-in
 * picture set or a labelled folder, written as a Hugging Face folder.
 */
@Command(
    name = "train",
    description =
        "Trains a new ViT, or any image classifier further, on the built-in picture set or on a"
            + " labelled folder.")
public final class TrainCommand extends NibbleCommand {
  private static final long BUILT_IN_SEEN = 1_000_000;
  private static final double RATE = 1e-3;
  private static final double FINE_TUNING_RATE = 5e-5;
  private static final double MEMORY = 0.98;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Model folder to write, new or empty.")
  private Path out = Path.of("");

  @Mixin private OwnImages own = new OwnImages();
  @Mixin private ModelShape shape = new ModelShape();
  @Mixin private TrainingKnobs knobs = new TrainingKnobs();

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "Numbers in the written file: F32, F16 or BF16 (default: F16).")
  private DType dtype = DType.F16;

  @Option(
      names = "--test-images",
      paramLabel = "N",
      description = "Held-out pictures for the final score (default: ${DEFAULT-VALUE}).")
  private int testImages = 2048;

  @Option(
      names = "--save-every",
      paramLabel = "SECONDS",
      description =
          "How often the state is saved beside the output, for --resume (default:"
              + " ${DEFAULT-VALUE}).")
  private int saveEvery = 120;

  @Option(names = "--resume", description = "Go on with an interrupted run of the same options.")
  private boolean resume;

  /** For picocli. */
  public TrainCommand() {}

  @Override
  int run(Console console, CommonOptions common) throws IOException {
    checkOptions();
    boolean fromFolder = own.areChosen();
    Path state = out.resolveSibling(out.getFileName() + ".state.safetensors");
    try (FolderWriter folder = FolderWriter.create(out, FolderWriter.Existing.REFUSE);
        Ops ops = new Ops(common.openSplitter())) {
      TrainingTask task =
          fromFolder
              ? own.task(shape, common.seed())
              : TrainingTask.builtIn(shape, testImages, common.seed());
      TrainingOptions options =
          knobs.options(
              common.seed(),
              fromFolder ? own.defaultSeen(task) : BUILT_IN_SEEN,
              own.isFineTuning() ? FINE_TUNING_RATE : RATE);
      String command =
          "nibble train %s %s --dtype %s --seed %d"
              .formatted(task.arguments(), TrainingKnobs.arguments(options), dtype, common.seed());
      Training training = new Training(task.model(), ops, options);
      begin(training, command, state, console);
      double seconds = train(training, task.images(), command, state, console);
      TrainedModelFolder.round(task.model(), dtype);
      Score score = score(task, ops, console);
      var provenance =
          new TrainedModelFolder.Provenance(Version.NUMBER, command, options, seconds, score);
      TrainedModelFolder.write(
          folder.path(),
          task.model(),
          dtype,
          task.labels(),
          task.config(),
          task.preprocessor(),
          provenance,
          training.log());
      folder.commit();
      Files.deleteIfExists(state);
      print(console, common, task.model(), options, seconds, score);
    }
    return done();
  }

  private void checkOptions() {
    if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
      throw CommandFailure.usage("--dtype must be F32, F16 or BF16, was " + dtype);
    }
    if (testImages < 1 || saveEvery < 1) {
      throw CommandFailure.usage("--test-images and --save-every must be at least 1");
    }
    if (out.getFileName() == null) {
      throw CommandFailure.usage("--out must name a folder, was '" + out + "'");
    }
  }

  private void begin(Training training, String command, Path state, Console console) {
    if (resume) {
      if (!Files.exists(state)) {
        throw CommandFailure.failed(state + ": nothing to resume; leave out --resume");
      }
      TrainingState.load(training, command, state);
      console.note(
          "train  resumed after %,d images"
              .formatted((long) training.step() * training.options().batchSize()));
    } else if (Files.exists(state)) {
      throw CommandFailure.failed(
          state + ": an interrupted run; go on with --resume, or remove this file");
    }
  }

  private double train(
      Training training, ImageSet images, String command, Path state, Console console) {
    TrainingOptions options = training.options();
    long total = (long) options.steps() * options.batchSize();
    long first = (long) training.step() * options.batchSize();
    long start = System.nanoTime();
    long saved = start;
    try (BatchReader reader =
            new BatchReader(images, Order.sequential(), options.batchSize(), first, total);
        Progress progress = console.progress("train", total, "images").from(first)) {
      double loss = Double.NaN;
      double accuracy = 0;
      for (Batch batch = reader.next(); batch != null; batch = reader.next()) {
        Training.Report report = training.update(batch);
        loss = Double.isNaN(loss) ? report.loss() : MEMORY * loss + (1 - MEMORY) * report.loss();
        accuracy = MEMORY * accuracy + (1 - MEMORY) * report.accuracy();
        progress.to(
            (long) training.step() * options.batchSize(),
            String.format(Locale.ROOT, "loss %.3f  accuracy %.1f %%", loss, 100 * accuracy));
        if (System.nanoTime() - saved > saveEvery * 1e9) {
          TrainingState.save(training, command, state);
          saved = System.nanoTime();
        }
      }
    }
    return (System.nanoTime() - start) * 1e-9;
  }

  private Score score(TrainingTask task, Ops ops, Console console) {
    try (Progress progress = console.progress("test", task.heldOut().size(), "images")) {
      return new Evaluation(ops, 64).score(task.model(), task.heldOut(), null, progress);
    }
  }

  private void print(
      Console console,
      CommonOptions common,
      ImageClassifier model,
      TrainingOptions options,
      double seconds,
      Score score) {
    if (common.json()) {
      JsonOut.result()
          .put("folder", out.toString())
          .put("parameters", model.parameterCount())
          .put("images", options.images())
          .put("seconds", seconds)
          .put("count", score.count())
          .put("top1", score.top1())
          .put("top5", score.top5())
          .print(console.out());
    } else {
      console
          .out()
          .printf(
              Locale.ROOT,
              "%s: %,d parameters, top-1 %.2f %% on %,d held-out images%n",
              out,
              model.parameterCount(),
              100 * score.top1(),
              score.count());
    }
  }
}
