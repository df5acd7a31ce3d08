package nibble.quant.ostquant;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.tuning.TuningKnobs;
import nibble.quant.tuning.TuningLoss;

/**
 * Knobs of {@link OstQuant}.
 *
 * @param tuning length, rates and loss
 * @param principal whether the rotation of the stream starts from principal directions of the
 *     weights
 * @param roundWeights whether weights are rounded while learning too
 * @param ranges whether gradients pass the ranges of grids, not only the rounding
 * @param online whether the inputs of second feed-forward layers get a Hadamard transform at run
 *     time
 */
public record OstQuantOptions(
    TuningKnobs tuning, boolean principal, boolean roundWeights, boolean ranges, boolean online) {
  /** The paper's values. */
  public static final OstQuantOptions DEFAULTS =
      new OstQuantOptions(
          new TuningKnobs(100, 4, 0.0169, 0.00179, TuningLoss.KL_TOP, 1000),
          false,
          true,
          true,
          true);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer("steps", DEFAULTS.tuning.steps(), "updates (paper: about 100)"),
          MethodOption.integer(
              "batch",
              DEFAULTS.tuning.batch(),
              "samples an update (paper: 4 windows of 2048 tokens a device)"),
          MethodOption.number(
              "rate",
              DEFAULTS.tuning.rotationRate(),
              "of Riemannian Adam on rotations, about radians a step, falling along a cosine"
                  + " (paper: 0.0169)"),
          MethodOption.number(
              "scale-rate",
              DEFAULTS.tuning.scaleRate(),
              "of Adam on the logarithms of scales, falling along a cosine (paper: 0.00179, of the"
                  + " scales)"),
          MethodOption.choice(
              "loss",
              DEFAULTS.tuning.loss(),
              "kl-top: divergence from the float model over its largest logits (paper), kl: over"
                  + " all, ce: cross entropy"),
          MethodOption.integer(
              "top", DEFAULTS.tuning.top(), "logits that kl-top compares (paper: 1000)"),
          MethodOption.choice(
              "start",
              "hadamard",
              List.of("hadamard", "principal"),
              "of the stream's rotation; principal: principal directions of the weights first"),
          MethodOption.bool(
              "round-weights",
              DEFAULTS.roundWeights,
              "round weights while learning too (paper: not before gptq); always where activations"
                  + " stay in float"),
          MethodOption.bool(
              "ranges", DEFAULTS.ranges, "gradients pass the ranges of grids too (paper: yes)"),
          MethodOption.bool(
              "online",
              DEFAULTS.online,
              "Hadamard transform before second feed-forward layers at run time (paper: yes)"));

  static OstQuantOptions of(OptionValues values) {
    TuningKnobs tuning =
        new TuningKnobs(
            values.integer("steps"),
            values.integer("batch"),
            values.number("rate"),
            values.number("scale-rate"),
            values.choice("loss", TuningLoss.class),
            values.integer("top"));
    return new OstQuantOptions(
        tuning,
        values.word("start").equals("principal"),
        values.flag("round-weights"),
        values.flag("ranges"),
        values.flag("online"));
  }
}
