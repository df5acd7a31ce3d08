package nibble.cli.command;

import nibble.cli.terminal.CommandFailure;
import nibble.cli.training.TrainingOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of the training loop. */
public final class TrainingKnobs {
  @Option(
      names = "--seen",
      paramLabel = "N",
      description = "Images to learn from, in all (default: 1000000; ten times those of a folder).")
  private @Nullable Long seen;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Images per update (default: ${DEFAULT-VALUE}).")
  private int batch = 64;

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "Learning rate at its peak (default: 0.001; 0.00005 with --model).")
  private @Nullable Double rate;

  @Option(
      names = "--decay",
      paramLabel = "D",
      description = "Weight decay of matrices (default: ${DEFAULT-VALUE}).")
  private double decay = 0.05;

  @Option(
      names = "--warm-up",
      paramLabel = "SHARE",
      description = "Share of the updates during which the rate rises (default: ${DEFAULT-VALUE}).")
  private double warmUp = 0.05;

  @Option(
      names = "--label-smoothing",
      paramLabel = "SHARE",
      description = "Share of the target spread over all classes (default: ${DEFAULT-VALUE}).")
  private float labelSmoothing = 0.05f;

  @Option(
      names = "--clip",
      paramLabel = "NORM",
      description = "Largest norm of the gradient (default: ${DEFAULT-VALUE}).")
  private double clip = 1;

  /** For picocli. */
  public TrainingKnobs() {}

  TrainingOptions options(long seed, long defaultSeen, double defaultRate) {
    long images = seen == null ? Math.max(batch, defaultSeen) : seen;
    try {
      return new TrainingOptions(
          images,
          batch,
          rate == null ? defaultRate : rate,
          decay,
          warmUp,
          labelSmoothing,
          clip,
          seed);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(
          e.getMessage() == null ? "these training options do not fit together" : e.getMessage());
    }
  }

  /** The options that make the same run again. */
  static String arguments(TrainingOptions options) {
    return "--seen %d --batch %d --rate %s --decay %s --warm-up %s --label-smoothing %s --clip %s"
        .formatted(
            options.images(),
            options.batchSize(),
            options.rate(),
            options.decay(),
            options.warmUp(),
            options.labelSmoothing(),
            options.clip());
  }
}
