package nibble.quant.roste;

import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SchemeExecution;
import nibble.quant.tuning.SimulatedQuantization;
import nibble.quant.tuning.TunedTransforms;
import nibble.quant.tuning.TuningLoss;
import nibble.quant.tuning.WeightTraining;

/**
 * RoSTE: all weights are trained through the rounding of weights and activations, in a basis that
 * is turned only where that lowers the error of rounding.
 *
 * <p>Wei, Yau, Wai, Zhao, Kang, Park, Hong: <a
 * href="https://arxiv.org/abs/2502.09003">arXiv:2502.09003</a> (ICML 2025). The authors' code was
 * not available.
 *
 * <pre>{@code
 * lower level   for each place (R1 stream, R2 values of a layer, R4 second feed-forward layer): turned by random Hadamard if E(H) < E(I)
 *               E(R) = |Q(W R) - W R|^2 + mean over rows |Q(x R) - x R|^2      summed over the layers that share the place
 * upper level   AdamW on the turned weights, rounding passes gradients unchanged
 * then          nearest codes of the trained weights, activations token by token
 * }</pre>
 *
 * <p>Differs from the paper: the loss is the divergence from the float model by default ({@code
 * loss=ce} for cross entropy on all tokens: samples here have no marked answers); keys and values
 * are not quantized while training, so R3 has no place; a turned basis costs nothing for R1 and R2,
 * a fast Hadamard transform for R4.
 */
public final class RoSte implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "roste",
          "RoSTE",
          "Wei, Yau, Wai, Zhao, Kang, Park, Hong: arXiv:2502.09003",
          "text (or images) to train on; minutes for a small model",
          "at 4-bit weights and activations, where there is time to train all weights",
          RoSteOptions.OPTIONS,
          List.of("W2..8A16", "W2..8A2..8 with scales for each token"));

  private final RoSteOptions options;

  /** With the given knobs. */
  public RoSte(RoSteOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static RoSte of(OptionValues values) {
    return new RoSte(RoSteOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  @Override
  public double passes(int samples) {
    return 4.0 * options.training().steps() * options.training().batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Model model = task.model();
    TuningLoss.check(name(), model);
    BasisChoice choice = turn(task, model.requireResidualStructure());
    MethodReport.Curve curve;
    try (SimulatedQuantization simulated = SimulatedQuantization.install(task, true, false)) {
      curve = new WeightTraining(task, options.training(), WeightTraining.Extra.NONE).run(name());
    }
    SchemeExecution execution = new SchemeExecution(task);
    for (Linear linear : model.linears()) {
      execution.executeNearest(linear);
    }
    return new MethodReport(
        execution.results(),
        Map.of("roste places turned", (double) choice.places()),
        List.of(curve));
  }

  /** The lower level: chooses and folds. The float model computes what it did. */
  BasisChoice turn(ModelTask task, ResidualStructure structure) {
    TunedTransforms transforms = TunedTransforms.of(task.model(), structure);
    BasisChoice choice = BasisChoice.of(task, structure, options.rotate(), options.rows());
    if (choice.stream()) {
      transforms.rotateStream(task.seed());
    }
    transforms.rotateValues(false, task.seed(), choice.values()::contains);
    transforms.rotateFeedForwards(task.seed(), choice.feedForwards()::contains);
    transforms.fold(task.ops());
    return choice;
  }
}
