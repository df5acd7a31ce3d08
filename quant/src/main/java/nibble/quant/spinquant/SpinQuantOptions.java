package nibble.quant.spinquant;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.stiefel.CayleySgd;
import nibble.quant.tuning.TuningKnobs;
import nibble.quant.tuning.TuningLoss;

/**
 * Knobs of {@link SpinQuant}.
 *
 * @param tuning length, rate and loss
 * @param rule how rotations move
 * @param roundWeights whether weights are rounded while learning too
 * @param ranges whether gradients pass the ranges of grids, not only the rounding
 * @param online whether the inputs of second feed-forward layers get a Hadamard transform at run
 *     time (R4)
 */
public record SpinQuantOptions(
    TuningKnobs tuning, CayleySgd rule, boolean roundWeights, boolean ranges, boolean online) {
  /**
   * The paper's length, exact Cayley steps; a smaller batch, a shorter step, the divergence, and
   * gradients through ranges, which did better on a small model.
   */
  public static final SpinQuantOptions DEFAULTS =
      new SpinQuantOptions(
          new TuningKnobs(100, 4, 0.5, 0, TuningLoss.KL, 1000), CayleySgd.EXACT, true, true, true);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "steps", DEFAULTS.tuning.steps(), "updates of the rotations (paper: 100)"),
          MethodOption.integer(
              "batch",
              DEFAULTS.tuning.batch(),
              "samples an update (paper: 8 windows of 2048 tokens)"),
          MethodOption.number(
              "rate",
              DEFAULTS.tuning.rotationRate(),
              "longest Cayley step, falling along a cosine (paper: 1.5)"),
          MethodOption.choice(
              "loss",
              DEFAULTS.tuning.loss(),
              "kl: divergence from the float model, ce: cross entropy (paper), kl-top: over the"
                  + " float model's largest logits"),
          MethodOption.integer(
              "iterations",
              0,
              "of the fixed point of a Cayley step (paper: 5); 0 solves it exactly"),
          MethodOption.bool(
              "round-weights",
              DEFAULTS.roundWeights,
              "round weights while learning too (paper: not before gptq); always where activations"
                  + " stay in float"),
          MethodOption.bool(
              "ranges", DEFAULTS.ranges, "gradients pass the ranges of grids too (paper: no)"),
          MethodOption.bool(
              "online",
              DEFAULTS.online,
              "Hadamard transform before second feed-forward layers at run time (paper: yes for"
                  + " 4-bit activations)"));

  static SpinQuantOptions of(OptionValues values) {
    TuningKnobs tuning =
        new TuningKnobs(
            values.integer("steps"),
            values.integer("batch"),
            values.number("rate"),
            0,
            values.choice("loss", TuningLoss.class),
            DEFAULTS.tuning.top());
    return new SpinQuantOptions(
        tuning,
        new CayleySgd(0, values.integer("iterations")),
        values.flag("round-weights"),
        values.flag("ranges"),
        values.flag("online"));
  }
}
