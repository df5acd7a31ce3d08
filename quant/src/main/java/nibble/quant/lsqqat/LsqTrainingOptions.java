package nibble.quant.lsqqat;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.training.TrainingKnobs;

/**
 * Knobs of {@link LsqTraining}.
 *
 * @param training length and rates
 * @param initImages that activation scales are fitted to, in one batch
 */
public record LsqTrainingOptions(TrainingKnobs training, int initImages) {
  /** For a processor and some hundred images; no feature loss, as in LSQ. */
  public static final LsqTrainingOptions DEFAULTS =
      new LsqTrainingOptions(new TrainingKnobs(1600, 16, 1e-5, 1e-4, 0, true, true), 32);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "train-images",
              DEFAULTS.training.images(),
              "images seen, all epochs together (paper: 90 epochs of ImageNet)"),
          MethodOption.integer("batch", DEFAULTS.training.batch(), "images an update"),
          MethodOption.number(
              "rate",
              DEFAULTS.training.rate(),
              "learning rate of weights, constant (paper: a tenth of that of the float training)"),
          MethodOption.number(
              "scale-rate", DEFAULTS.training.scaleRate(), "learning rate of scales, constant"),
          MethodOption.number(
              "lambda",
              DEFAULTS.training.featureWeight(),
              "weight of a loss on the final features, as GPLQ has it (paper: 0)"),
          MethodOption.bool(
              "recompute",
              true,
              "compute inner results of blocks again instead of keeping them: less memory, more"
                  + " time"),
          MethodOption.integer(
              "images",
              DEFAULTS.initImages,
              "samples that activation scales are fitted to, in one batch"));

  public LsqTrainingOptions {
    if (initImages < 1) {
      throw new IllegalArgumentException("images must be at least 1, was " + initImages);
    }
  }

  static LsqTrainingOptions of(OptionValues values) {
    return new LsqTrainingOptions(
        new TrainingKnobs(
            values.wideInteger("train-images"),
            values.integer("batch"),
            values.number("rate"),
            values.number("scale-rate"),
            values.number("lambda"),
            values.flag("recompute"),
            true),
        values.integer("images"));
  }
}
