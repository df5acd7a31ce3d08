package nibble.cli.command;

import java.util.Locale;
import nibble.cli.data.ImageSet;
import nibble.cli.evaluation.Evaluation;
import nibble.cli.evaluation.Score;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.ExitStatus;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.PeakMemory;
import nibble.cli.terminal.Progress;
import nibble.cli.terminal.Table;
import nibble.nn.ImageClassifier;
import nibble.nn.packed.Simulation;
import nibble.tensor.Ops;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nibble eval}: how good a model is. */
@Command(
    name = "eval",
    description =
        "Measures a model on labelled images, on text, or on pairs of sentences, alone or beside a"
            + " reference.")
public final class EvalCommand extends NibbleCommand {
  @Parameters(paramLabel = "MODEL", description = "Folder, org/name, or demo.")
  private String name = "";

  @Mixin private ImageChoice choice = new ImageChoice();

  @Mixin private TextChoice text = new TextChoice();

  @Option(
      names = "--reference",
      paramLabel = "MODEL",
      description = "Model to compare the outputs with; it sees the same input.")
  private @Nullable String reference;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Images at a time (default: ${DEFAULT-VALUE}).")
  private int batch = 8;

  @Option(
      names = "--simulated",
      description =
          "Compute packed layers in float with fake-quantized activations instead of integers.")
  private boolean simulated;

  @Option(
      names = "--min-top1",
      paramLabel = "SHARE",
      description = "Exit with 3 if top-1 is below, 0 to 1.")
  private double minTop1;

  @Option(
      names = "--min-agreement",
      paramLabel = "SHARE",
      description = "Exit with 3 if agreement with the reference is below, 0 to 1.")
  private double minAgreement;

  /** For picocli. */
  public EvalCommand() {}

  @Override
  int run(Console console, CommonOptions common) {
    if (batch < 1 || batch > 65_536) {
      throw CommandFailure.usage("--batch must be 1 to 65536, was " + batch);
    }
    if (minAgreement > 0 && reference == null) {
      throw CommandFailure.usage("--min-agreement needs --reference");
    }
    if (text.isGiven()) {
      if (choice.isGiven() || minTop1 > 0 || minAgreement > 0) {
        throw CommandFailure.usage("--text and --sts do not go with options for images");
      }
      new TextEvaluation(text, console, common).run(name, reference, simulated);
      return done();
    }
    Score score = score(console, common);
    if (common.json()) {
      json(score).print(console.out());
    } else {
      print(score, console);
    }
    return gate(score, console);
  }

  private Score score(Console console, CommonOptions common) {
    String other = reference;
    try (OpenModel open = OpenModel.of(name);
        Ops ops = new Ops(common.openSplitter())) {
      if (simulated) {
        Simulation.install(open.model());
      }
      if (other == null) {
        return score(open, null, ops, console, common);
      }
      try (OpenModel against = OpenModel.of(other)) {
        return against.checked(() -> score(open, against.imageClassifier(), ops, console, common));
      }
    }
  }

  private Score score(
      OpenModel open,
      @Nullable ImageClassifier against,
      Ops ops,
      Console console,
      CommonOptions common) {
    ImageSet images = choice.open(open, common.seed());
    try (Progress progress = console.progress("eval", images.size(), "images")) {
      return open.checked(
          () ->
              new Evaluation(ops, batch).score(open.imageClassifier(), images, against, progress));
    }
  }

  private static JsonOut json(Score score) {
    JsonOut result =
        JsonOut.result()
            .put("count", score.count())
            .put("top1", score.top1())
            .put("top5", score.top5())
            .put("seconds", score.seconds())
            .put("images_per_second", score.imagesPerSecond());
    Score.Comparison comparison = score.comparison();
    if (comparison != null) {
      result
          .put("agreement", comparison.agreement())
          .put("logit_mse", comparison.logitMse())
          .put("kl", comparison.kl());
    }
    PeakMemory.bytes().ifPresent(bytes -> result.put("peak_bytes", bytes));
    return result;
  }

  private static void print(Score score, Console console) {
    Table table = new Table("measure", "value").alignRight(1);
    table.row("images", String.format(Locale.ROOT, "%,d", score.count()));
    table.row("top-1", percent(score.top1()));
    table.row("top-5", percent(score.top5()));
    Score.Comparison comparison = score.comparison();
    if (comparison != null) {
      table.row("agreement with reference", percent(comparison.agreement()));
      table.row(
          "mean squared error of logits",
          String.format(Locale.ROOT, "%.3g", comparison.logitMse()));
      table.row("KL divergence (nats)", String.format(Locale.ROOT, "%.3g", comparison.kl()));
    }
    table.row("images/s", String.format(Locale.ROOT, "%.1f", score.imagesPerSecond()));
    PeakMemory.bytes()
        .ifPresent(
            bytes ->
                table.row(
                    "peak memory of the process",
                    String.format(Locale.ROOT, "%,d MB", bytes / 1_000_000)));
    table.print(console.out());
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * share);
  }

  private int gate(Score score, Console console) {
    Score.Comparison comparison = score.comparison();
    if (score.top1() < minTop1) {
      console
          .err()
          .println(
              "nibble: top-1 is %s, asked for at least %s"
                  .formatted(percent(score.top1()), percent(minTop1)));
      return ExitStatus.GATE_MISSED;
    }
    if (comparison != null && comparison.agreement() < minAgreement) {
      console
          .err()
          .println(
              "nibble: agreement is %s, asked for at least %s"
                  .formatted(percent(comparison.agreement()), percent(minAgreement)));
      return ExitStatus.GATE_MISSED;
    }
    return ExitStatus.DONE;
  }
}
