package nibble.quant.pact;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import nibble.quant.method.MethodOption;
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

  static PactOptions of(Map<String, Object> values) {
    return new PactOptions(
        new TrainingKnobs(
            (Long) requireNonNull(values.get("train-images")),
            Math.toIntExact((Long) requireNonNull(values.get("batch"))),
            (Double) requireNonNull(values.get("rate")),
            (Double) requireNonNull(values.get("scale-rate")),
            0,
            (Boolean) requireNonNull(values.get("recompute")),
            "labels".equals(values.get("loss"))),
        (Double) requireNonNull(values.get("decay")),
        Math.toIntExact((Long) requireNonNull(values.get("images"))));
  }
}
