package nibble.quant.pact;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.training.TrainingKnobs;

/**
 * Knobs of {@link Pact}.
 *
 * @param training length and rates
 * @param decay weight of the squared bounds in the loss
 * @param initImages that bounds begin with, in one batch
 */
public record PactOptions(TrainingKnobs training, double decay, int initImages) {
  /** For a processor and some hundred images. */
  public static final PactOptions DEFAULTS =
      new PactOptions(new TrainingKnobs(1600, 16, 1e-5, 1e-2, 0, true, true), 1e-4, 32);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "train-images", DEFAULTS.training.images(), "images seen, all epochs together"),
          MethodOption.integer("batch", DEFAULTS.training.batch(), "images an update"),
          MethodOption.number(
              "rate", DEFAULTS.training.rate(), "learning rate of weights, constant"),
          MethodOption.number(
              "scale-rate", DEFAULTS.training.scaleRate(), "learning rate of bounds, constant"),
          MethodOption.number(
              "decay",
              DEFAULTS.decay,
              "weight of the squared bounds in the loss (paper, from memory: the weight decay)"),
          MethodOption.bool(
              "recompute",
              true,
              "compute inner results of blocks again instead of keeping them: less memory, more"
                  + " time"),
          MethodOption.choice(
              "loss",
              "labels",
              List.of("labels", "teacher"),
              "cross entropy of labels, where there are some, or divergence from the float model"),
          MethodOption.integer(
              "images", DEFAULTS.initImages, "samples that bounds begin with, in one batch"));

  public PactOptions {
    if (initImages < 1 || !(decay >= 0 && decay < 1)) {
      throw new IllegalArgumentException(
          "pact needs images of at least 1 and a decay from 0 to below 1, found %d and %s"
              .formatted(initImages, decay));
    }
  }

  static PactOptions of(OptionValues values) {
    return new PactOptions(
        new TrainingKnobs(
            values.wideInteger("train-images"),
            values.integer("batch"),
            values.number("rate"),
            values.number("scale-rate"),
            0,
            values.flag("recompute"),
            values.word("loss").equals("labels")),
        values.number("decay"),
        values.integer("images"));
  }
}
