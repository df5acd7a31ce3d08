package nibble.quant.repquant;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link RepQuant}.
 *
 * @param images that clips and blocks are learned on
 * @param clipIterations updates of the clips of each layer; 0 keeps the best of percentiles and the
 *     whole range
 * @param clipRate of Adam on the clips' logits
 * @param iterations updates of the roundings of each part of the model; 0 rounds to nearest
 * @param batch samples an update of roundings
 * @param rate of Adam on roundings
 * @param drop probability that an activation is left in float while roundings learn
 * @param softmaxStep step of the exponents of attention probabilities, in powers of two
 */
public record RepQuantOptions(
    int images,
    int clipIterations,
    double clipRate,
    int iterations,
    int batch,
    double rate,
    double drop,
    double softmaxStep) {
  /** For minutes on a processor; log-sqrt2 probabilities. */
  public static final RepQuantOptions DEFAULTS =
      new RepQuantOptions(64, 100, 0.05, 200, 8, 0.01, 0.5, 0.5);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images",
              DEFAULTS.images,
              "samples that clips and roundings are learned on (lineage: 1024)"),
          MethodOption.integer(
              "clip-iterations",
              DEFAULTS.clipIterations,
              "updates of the clips behind a LayerNorm; 0 keeps percentiles or the whole range"),
          MethodOption.number("clip-rate", DEFAULTS.clipRate, "learning rate of the clips' logits"),
          MethodOption.integer(
              "iterations",
              DEFAULTS.iterations,
              "updates of the roundings of each block (lineage: 20000); 0 rounds to nearest"),
          MethodOption.integer(
              "batch", DEFAULTS.batch, "samples an update of roundings (lineage: 32)"),
          MethodOption.number(
              "rate",
              DEFAULTS.rate,
              "learning rate of roundings (lineage: 0.001 with 20000 updates)"),
          MethodOption.number(
              "drop",
              DEFAULTS.drop,
              "share of activations left in float while roundings learn, as QDrop (lineage: 0.5)"),
          MethodOption.choice(
              "softmax",
              "log-sqrt2",
              List.of("log-sqrt2", "log2"),
              "grid of attention probabilities (paper: log-sqrt2 while calibrating)"));

  public RepQuantOptions {
    if (images < 1
        || clipIterations < 0
        || iterations < 0
        || batch < 1
        || !(clipRate > 0)
        || !(rate > 0)
        || !(drop >= 0 && drop <= 1)
        || !(softmaxStep > 0)) {
      throw new IllegalArgumentException(
          "repquant needs positive images, batch and rates, iterations from 0 and a share dropped from 0 to 1, found %d, %d, %s, %d, %d, %s, %s"
              .formatted(images, clipIterations, clipRate, iterations, batch, rate, drop));
    }
  }

  static RepQuantOptions of(OptionValues values) {
    return new RepQuantOptions(
        values.integer("images"),
        values.integer("clip-iterations"),
        values.number("clip-rate"),
        values.integer("iterations"),
        values.integer("batch"),
        values.number("rate"),
        values.number("drop"),
        values.word("softmax").equals("log2") ? 1 : 0.5);
  }
}
