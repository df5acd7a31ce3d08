package nibble.quant.affinequant;

import java.util.List;
import nibble.quant.equivalence.BlockMaps;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.omniquant.EquivalentTraining;
import nibble.quant.omniquant.OmniQuantOptions;

/**
 * Knobs of {@link AffineQuant}.
 *
 * @param iterations updates for each block (paper: 20 epochs of 128 samples)
 * @param batch samples an update (paper: 1 of 2048 tokens)
 * @param clipRate of Adam on clips (paper: 1e-2)
 * @param mapRate of Adam on maps (paper: 5e-3)
 * @param stability weight of elements off the diagonal (paper: 1 up to 6.7 billion parameters,
 *     scripts 0.1 for W4A4 and 0.01 for W3)
 * @param alpha share of the activations in the first scales (paper: 0.5)
 * @param bothTargets the authors' {@code aug_loss}
 */
public record AffineQuantOptions(
    int iterations,
    int batch,
    double clipRate,
    double mapRate,
    double stability,
    double alpha,
    boolean bothTargets) {
  private static final OmniQuantOptions BASE = OmniQuantOptions.DEFAULTS;

  /** For a minute on a processor with small models. */
  public static final AffineQuantOptions DEFAULTS =
      new AffineQuantOptions(
          BASE.iterations(),
          BASE.batch(),
          BASE.clipRate(),
          BASE.mapRate(),
          1,
          BASE.alpha(),
          BASE.bothTargets());

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
          MethodOption.number("map-rate", DEFAULTS.mapRate, "learning rate of maps (paper: 0.005)"),
          MethodOption.number(
              "stability",
              DEFAULTS.stability,
              "weight of elements off the diagonal (paper: 1; scripts 0.1 for W4A4, 0.01 for W3)"),
          MethodOption.number(
              "alpha", DEFAULTS.alpha, "share of the activations in the first scales (paper: 0.5)"),
          MethodOption.bool(
              "both-targets",
              DEFAULTS.bothTargets,
              "compare also with the float block on the quantized input (authors' aug_loss)"));

  public AffineQuantOptions {
    OmniQuantOptions.check(iterations, batch);
  }

  static AffineQuantOptions of(OptionValues values) {
    return new AffineQuantOptions(
        values.integer("iterations"),
        values.integer("batch"),
        values.number("clip-rate"),
        values.number("map-rate"),
        values.number("stability"),
        values.number("alpha"),
        values.flag("both-targets"));
  }

  /** What the training takes. */
  EquivalentTraining.Knobs knobs() {
    return new EquivalentTraining.Knobs(
        iterations,
        batch,
        clipRate,
        new BlockMaps.Choice(true, (float) stability, mapRate),
        true,
        alpha,
        bothTargets);
  }
}
