package nibble.quant.ptq4vm;

import java.util.List;
import nibble.quant.brecq.BrecqOptions;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.training.TrainingKnobs;

/**
 * Knobs of {@link Ptq4Vm}.
 *
 * @param rounding of the first stage, block by block
 * @param drop share of activations left in float while roundings are learned
 * @param training of the second stage: images, rates of biases, and of factors and activation
 *     scales
 */
public record Ptq4VmOptions(BrecqOptions rounding, double drop, TrainingKnobs training) {
  /** For minutes on a processor. */
  public static final Ptq4VmOptions DEFAULTS =
      new Ptq4VmOptions(
          BrecqOptions.DEFAULTS, 0.5, new TrainingKnobs(640, 16, 1e-4, 1e-3, 0, true, false));

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images",
              DEFAULTS.rounding.images(),
              "samples that blocks are reconstructed on (paper: 256 frames)"),
          MethodOption.integer(
              "iterations", DEFAULTS.rounding.iterations(), "updates for each block"),
          MethodOption.integer("batch", DEFAULTS.rounding.batch(), "samples of such an update"),
          MethodOption.number("rate", DEFAULTS.rounding.rate(), "learning rate of roundings"),
          MethodOption.number(
              "drop",
              DEFAULTS.drop,
              "share of activations left in float while roundings are learned (paper: 0.5)"),
          MethodOption.integer(
              "calibration-images",
              DEFAULTS.training.images(),
              "images seen while factors of all weights learn together; 0 for none"),
          MethodOption.number(
              "factor-rate",
              DEFAULTS.training.scaleRate(),
              "learning rate of factors and activation scales (inferred: 0.0001 to 0.001)"),
          MethodOption.number(
              "bias-rate", DEFAULTS.training.rate(), "learning rate of biases; 0 leaves them"),
          MethodOption.choice(
              "loss",
              "teacher",
              List.of("teacher", "labels"),
              "divergence from the float model, or cross entropy of labels (paper: the task)"));

  public Ptq4VmOptions {
    if (!(drop >= 0 && drop < 1)) {
      throw new IllegalArgumentException("drop must be 0 to below 1, was " + drop);
    }
  }

  static Ptq4VmOptions of(OptionValues values) {
    TrainingKnobs usual = DEFAULTS.training;
    return new Ptq4VmOptions(
        new BrecqOptions(
            values.integer("images"),
            values.integer("iterations"),
            values.integer("batch"),
            values.number("rate"),
            BrecqOptions.Loss.MSE),
        values.number("drop"),
        new TrainingKnobs(
            values.wideInteger("calibration-images"),
            usual.batch(),
            values.number("bias-rate"),
            values.number("factor-rate"),
            0,
            usual.recompute(),
            values.word("loss").equals("labels")));
  }
}
