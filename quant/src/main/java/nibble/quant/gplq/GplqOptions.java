package nibble.quant.gplq;

import java.util.List;
import nibble.quant.format.Symmetry;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.training.ActivationScales;
import nibble.quant.training.TrainingKnobs;

/**
 * Knobs of {@link Gplq}.
 *
 * @param training of stage 1; 0 images leave the fitted scales as they are
 * @param scales who shares an activation scale at the inputs of linear layers
 * @param grids of inputs of linear layers
 * @param init how scales begin
 * @param initImages that they are fitted to, in one batch
 * @param probabilities codes of attention probabilities
 * @param share of the variance of the teacher's features that decides how many principal directions
 *     are mimicked (paper: about 0.6)
 * @param weightRange how the range of a weight's row is found
 * @param weightGrids of the rows of weights
 * @param compensate what the maps of stage 2 beside blocks bring back
 * @param ridge of that map
 */
public record GplqOptions(
    TrainingKnobs training,
    ActivationScales.Sharing scales,
    Grids grids,
    Init init,
    int initImages,
    ActivationScales.Probabilities probabilities,
    double share,
    WeightRange weightRange,
    WeightGrids weightGrids,
    Compensation compensate,
    double ridge) {

  /** Grids of inputs of linear layers. */
  public enum Grids {
    /** Signed codes, without offset. */
    SYMMETRIC,
    /**
     * A learned offset for each scale, as LSQ+ has it; folded into biases, so that execution has
     * none.
     */
    OFFSET
  }

  /** Starting scales. */
  public enum Init {
    /** Of the percentiles of RepQ-ViT the one with the least squared error. */
    PERCENTILES,
    /** The whole range. */
    MIN_MAX,
    /** Least squares: the fixed point for symmetric grids, shrinking ranges with offsets. */
    FIXED_POINT,
    /** The 1st and the 99th percentile. */
    TAILS
  }

  /** What the map beside a block makes of its output. */
  public enum Compensation {
    /** There are no maps. */
    NONE,
    /**
     * What the block gave before its weights were quantized: trained float weights and quantized
     * activations.
     */
    WEIGHTS,
    /** What the block of the float model gives. */
    FLOAT
  }

  /** Range of a weight's row. */
  public enum WeightRange {
    /** The best of a few percentiles. */
    PERCENTILE,
    /** Least squares. */
    MSE,
    /** The largest magnitude. */
    MIN_MAX
  }

  /** Grids of the rows of weights. */
  public enum WeightGrids {
    /** Without zero point. */
    SYMMETRIC,
    /** With a zero point for each row, as RepQ-ViT has them. */
    ASYMMETRIC
  }

  /**
   * The paper's values where it gives them; the length of the training is for a processor and some
   * hundred images.
   */
  public static final GplqOptions DEFAULTS =
      new GplqOptions(
          new TrainingKnobs(1600, 16, 5e-5, 1e-3, 1, true, true),
          ActivationScales.Sharing.BALANCED,
          Grids.OFFSET,
          Init.PERCENTILES,
          32,
          ActivationScales.Probabilities.BY_BITS,
          0.6,
          WeightRange.PERCENTILE,
          WeightGrids.SYMMETRIC,
          Compensation.WEIGHTS,
          1e-6);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "train-images",
              DEFAULTS.training.images(),
              "images seen in stage 1, all epochs together (paper: 1.28 million); 0 for none"),
          MethodOption.integer(
              "batch", DEFAULTS.training.batch(), "images an update (paper: 16 a device)"),
          MethodOption.number(
              "rate", DEFAULTS.training.rate(), "learning rate of weights, constant (paper: 5e-6)"),
          MethodOption.number(
              "scale-rate",
              DEFAULTS.training.scaleRate(),
              "learning rate of scales and offsets, constant (paper: as the weights)"),
          MethodOption.number(
              "lambda", DEFAULTS.training.featureWeight(), "weight of the feature loss (paper: 1)"),
          MethodOption.bool(
              "recompute",
              true,
              "compute inner results of blocks again instead of keeping them: less memory, more"
                  + " time"),
          MethodOption.choice(
              "loss",
              "labels",
              List.of("labels", "teacher"),
              "cross entropy of labels, where there are some, or divergence from the float model"
                  + " (paper: labels)"),
          MethodOption.choice(
              "scales",
              DEFAULTS.scales,
              "who shares an activation scale at linear inputs (paper: channel)"),
          MethodOption.choice(
              "grids",
              DEFAULTS.grids,
              "learned offsets at linear inputs, or none (paper: symmetric)"),
          MethodOption.choice(
              "init",
              DEFAULTS.init,
              "how scales begin (paper: min-max per channel, tails per token)"),
          MethodOption.integer(
              "images", DEFAULTS.initImages, "samples that scales are fitted to, in one batch"),
          MethodOption.choice(
              "probabilities",
              DEFAULTS.probabilities,
              "codes of attention probabilities; powers of the root of two (log) and of a base"
                  + " found by AdaLog's search (adalog) do not learn; by-bits is log from 4 bits"
                  + " on, adalog for fewer (lineage: signed)"),
          MethodOption.number(
              "variance",
              DEFAULTS.share,
              "share of feature variance to mimic; directions are rounded to 32 (paper: 0.6)"),
          MethodOption.choice(
              "weight-range", DEFAULTS.weightRange, "range of a weight's row (paper: percentile)"),
          MethodOption.choice(
              "weight-grids",
              DEFAULTS.weightGrids,
              "zero points of weights: none, or one a row (paper: symmetric)"),
          MethodOption.choice(
              "compensate",
              DEFAULTS.compensate,
              "what a linear map beside each block brings back: what weights lost, or the float"
                  + " model (paper: weights)"),
          MethodOption.number(
              "ridge",
              DEFAULTS.ridge,
              "share of the mean Gram diagonal added to it (the paper gives none)"));

  public GplqOptions {
    if (initImages < 1) {
      throw new IllegalArgumentException("images must be at least 1, was " + initImages);
    }
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException("variance must be above 0 and at most 1, was " + share);
    }
    if (!(ridge >= 0 && ridge <= 1)) {
      throw new IllegalArgumentException("ridge must be 0 to 1, was " + ridge);
    }
  }

  static GplqOptions of(OptionValues values) {
    TrainingKnobs training =
        new TrainingKnobs(
            values.wideInteger("train-images"),
            values.integer("batch"),
            values.number("rate"),
            values.number("scale-rate"),
            values.number("lambda"),
            values.flag("recompute"),
            values.word("loss").equals("labels"));
    return new GplqOptions(
        training,
        values.choice("scales", ActivationScales.Sharing.class),
        values.choice("grids", Grids.class),
        values.choice("init", Init.class),
        values.integer("images"),
        values.choice("probabilities", ActivationScales.Probabilities.class),
        values.number("variance"),
        values.choice("weight-range", WeightRange.class),
        values.choice("weight-grids", WeightGrids.class),
        values.choice("compensate", Compensation.class),
        values.number("ridge"));
  }

  /** Zero points of weights. */
  Symmetry weightSymmetry() {
    return switch (weightGrids) {
      case SYMMETRIC -> Symmetry.SYMMETRIC;
      case ASYMMETRIC -> Symmetry.ASYMMETRIC;
    };
  }
}
