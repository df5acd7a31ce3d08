package nibble.quant.ofq;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.training.TrainingKnobs;

/**
 * Knobs of {@link Ofq}.
 *
 * @param training length and rates of the first part
 * @param annealImages images of the annealing at the end, at a tenth of the rate
 * @param band half the width of the band around borders of codes in which weights still move then
 * @param initImages that activation scales are fitted to, in one batch
 * @param joinQueryKey whether weights of queries and keys are quantized as one product (QKR)
 */
public record OfqOptions(
    TrainingKnobs training, long annealImages, double band, int initImages, boolean joinQueryKey) {
  /** For a processor and some hundred images. */
  public static final OfqOptions DEFAULTS =
      new OfqOptions(
          new TrainingKnobs(1600, 16, 1e-4, 1e-3, 0, true, false), 320, 0.005, 32, false);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "train-images",
              DEFAULTS.training.images(),
              "images seen, all epochs together (paper: 300 epochs of ImageNet)"),
          MethodOption.integer(
              "anneal-images",
              DEFAULTS.annealImages,
              "images of the confidence-guided annealing (paper: 30 epochs); 0 for none"),
          MethodOption.number(
              "band",
              DEFAULTS.band,
              "distance from a border of codes within which weights still move then (paper:"
                  + " 0.005)"),
          MethodOption.integer(
              "batch", DEFAULTS.training.batch(), "images an update (paper: 512 to 800)"),
          MethodOption.number(
              "rate",
              DEFAULTS.training.rate(),
              "learning rate of weights, constant (paper: 2e-4 to 5e-4, cosine)"),
          MethodOption.number(
              "scale-rate",
              DEFAULTS.training.scaleRate(),
              "learning rate of activation scales and offsets, constant"),
          MethodOption.bool(
              "recompute",
              true,
              "compute inner results of blocks again instead of keeping them: less memory, more"
                  + " time"),
          MethodOption.choice(
              "loss",
              "teacher",
              List.of("teacher", "labels"),
              "divergence from the float model, or cross entropy of labels (paper: both)"),
          MethodOption.integer(
              "images",
              DEFAULTS.initImages,
              "samples that activation scales are fitted to, in one batch"),
          MethodOption.bool(
              "join-query-key",
              DEFAULTS.joinQueryKey,
              "quantize weights of queries and keys as one product (QKR; paper: true); ViT and DeiT"
                  + " only"));

  public OfqOptions {
    if (initImages < 1 || annealImages < 0 || !(band >= 0 && band <= 0.5)) {
      throw new IllegalArgumentException(
          "ofq needs images of at least 1, annealing images from 0 and a band from 0 to 0.5, found %d, %d, %s"
              .formatted(initImages, annealImages, band));
    }
  }

  /** The training of the annealing. */
  TrainingKnobs annealing() {
    return new TrainingKnobs(
        annealImages,
        training.batch(),
        training.rate() / 10,
        training.scaleRate() / 10,
        0,
        training.recompute(),
        training.labels());
  }

  static OfqOptions of(OptionValues values) {
    return new OfqOptions(
        new TrainingKnobs(
            values.wideInteger("train-images"),
            values.integer("batch"),
            values.number("rate"),
            values.number("scale-rate"),
            0,
            values.flag("recompute"),
            values.word("loss").equals("labels")),
        values.wideInteger("anneal-images"),
        values.number("band"),
        values.integer("images"),
        values.flag("join-query-key"));
  }
}
