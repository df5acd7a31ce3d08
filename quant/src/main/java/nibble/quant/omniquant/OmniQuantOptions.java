package nibble.quant.omniquant;

import java.util.List;
import nibble.quant.equivalence.BlockMaps;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link OmniQuant}.
 *
 * @param iterations updates for each block (paper: 20 epochs of 128 samples)
 * @param batch samples an update (paper: 1 of 2048 tokens)
 * @param clipRate of Adam on clips (paper: 1e-2)
 * @param mapRate of Adam on scales and shifts (paper: 5e-3)
 * @param maps whether scales and shifts are learned beside clips
 * @param alpha share of the activations in the first scales (paper: 0.5)
 * @param bothTargets the authors' {@code aug_loss}
 */
public record OmniQuantOptions(
    int iterations,
    int batch,
    double clipRate,
    double mapRate,
    boolean maps,
    double alpha,
    boolean bothTargets) {
  /** For a minute on a processor with small models. */
  public static final OmniQuantOptions DEFAULTS =
      new OmniQuantOptions(150, 4, 5e-2, 5e-3, true, 0.5, false);

  private static final int MOST = 1_000_000;

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "iterations",
              DEFAULTS.iterations,
              "updates for each block (paper: 20 epochs of 128 samples)"),
          MethodOption.integer(
              "batch", DEFAULTS.batch, "samples an update (paper: 1 of 2048 tokens)"),
          MethodOption.number(
              "clip-rate",
              DEFAULTS.clipRate,
              "learning rate of clips (paper: 0.01 with far more updates)"),
          MethodOption.number(
              "map-rate", DEFAULTS.mapRate, "learning rate of scales and shifts (paper: 0.005)"),
          MethodOption.bool(
              "maps",
              DEFAULTS.maps,
              "learn scales and shifts beside clips (paper: not for weights alone of Llama)"),
          MethodOption.number(
              "alpha", DEFAULTS.alpha, "share of the activations in the first scales (paper: 0.5)"),
          MethodOption.bool(
              "both-targets",
              DEFAULTS.bothTargets,
              "compare also with the float block on the quantized input (authors' aug_loss)"));

  public OmniQuantOptions {
    check(iterations, batch);
  }

  /** Checks the numbers that both methods of this kind have. */
  public static void check(int iterations, int batch) {
    if (iterations < 1 || iterations > MOST || batch < 1 || batch > MOST) {
      throw new IllegalArgumentException(
          "iterations and batch must be 1 to %d, were %d and %d"
              .formatted(MOST, iterations, batch));
    }
  }

  static OmniQuantOptions of(OptionValues values) {
    return new OmniQuantOptions(
        values.integer("iterations"),
        values.integer("batch"),
        values.number("clip-rate"),
        values.number("map-rate"),
        values.flag("maps"),
        values.number("alpha"),
        values.flag("both-targets"));
  }

  /** What the training takes. */
  EquivalentTraining.Knobs knobs() {
    return new EquivalentTraining.Knobs(
        iterations,
        batch,
        clipRate,
        new BlockMaps.Choice(false, 1, mapRate),
        maps,
        alpha,
        bothTargets);
  }
}
