package nibble.quant.brecq;

import java.util.List;
import java.util.Optional;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.reconstruct.FisherLoss;
import nibble.quant.reconstruct.ReconstructionOptions;

/**
 * Knobs of {@link Brecq} and {@link QDrop}.
 *
 * @param images that blocks are reconstructed on (papers: 1024)
 * @param iterations updates for each block (papers: 20000)
 * @param batch samples an update (papers: 32)
 * @param rate of Adam (authors' code: 0.001 with 20000 updates)
 * @param loss what errors of a block's output count (authors' main script: mse)
 */
public record BrecqOptions(int images, int iterations, int batch, double rate, Loss loss) {
  /** For minutes on a processor, not for the papers' figures. */
  public static final BrecqOptions DEFAULTS = new BrecqOptions(128, 300, 8, 0.01, Loss.MSE);

  /** What the errors of a block's output count. */
  public enum Loss {
    /** All alike. */
    MSE(Optional.empty()),
    /** By the squared gradient of the model's loss there. */
    FISHER(Optional.of(FisherLoss.DIAGONAL)),
    /** By all products of two such gradients of a sample. */
    FISHER_FULL(Optional.of(FisherLoss.FULL));

    private final Optional<FisherLoss> weights;

    Loss(Optional<FisherLoss> weights) {
      this.weights = weights;
    }
  }

  private static final int MOST = 1_000_000;

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images", DEFAULTS.images, "samples that blocks are reconstructed on (papers: 1024)"),
          MethodOption.integer(
              "iterations", DEFAULTS.iterations, "updates for each block (papers: 20000)"),
          MethodOption.integer("batch", DEFAULTS.batch, "samples an update (papers: 32)"),
          MethodOption.number(
              "rate",
              DEFAULTS.rate,
              "learning rate of Adam (authors' code: 0.001 with 20000 updates)"),
          MethodOption.choice(
              "loss",
              DEFAULTS.loss,
              "errors of a block's output, alike or weighted by gradients (authors' main script:"
                  + " mse)"));

  public BrecqOptions {
    for (int number : new int[] {images, iterations, batch}) {
      if (number < 1 || number > MOST) {
        throw new IllegalArgumentException(
            "images, iterations and batch must be 1 to %d, one is %d".formatted(MOST, number));
      }
    }
    if (!(rate > 0)) {
      throw new IllegalArgumentException("rate must be positive, was " + rate);
    }
  }

  static BrecqOptions of(OptionValues values) {
    return new BrecqOptions(
        values.integer("images"),
        values.integer("iterations"),
        values.integer("batch"),
        values.number("rate"),
        values.choice("loss", Loss.class));
  }

  /** What the reconstructor takes. */
  ReconstructionOptions reconstruction(double drop) {
    return new ReconstructionOptions(iterations, batch, drop, loss.weights);
  }
}
