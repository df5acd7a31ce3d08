package nibble.quant.spinquant;

import java.util.List;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.tuning.TransformTuning;
import nibble.quant.tuning.TunedTransforms;
import nibble.quant.tuning.TuningLoss;

/**
 * SpinQuant: rotations of the residual stream and of the values that are learned for the network as
 * it will be quantized, then folded into the weights.
 *
 * <p>Liu, Zhao, Fedorov, Soran, Choudhary, Krishnamoorthi, Chandra, Tian, Blankevoort: <a
 * href="https://arxiv.org/abs/2405.16406">arXiv:2405.16406</a> (ICLR 2025).
 *
 * <pre>{@code
 * R1 [hidden, hidden]      one for the stream           start: random signs and Hadamard
 * R2 [headDim, headDim]    one a layer, all heads       start: the same
 * R4                       Hadamard before second feed-forward layers, at run time, not learned
 * minimise   loss of the network with rounded activations and weights   over R1, R2 orthogonal     by Cayley steps (quant.stiefel)
 * }</pre>
 *
 * <p>Rounding passes gradients unchanged; ranges are found anew from what is rotated. Differs from
 * the paper: Cayley steps are solved exactly by default; the loss is the divergence from the float
 * model, and gradients pass the ranges of grids (options give the paper's); rotations of keys for a
 * quantized cache (R3) belong to the methods that quantize caches. Works on any model with a
 * residual structure and logits, image classifiers included (with labels, or with the losses that
 * ask the float model).
 *
 * <p>Cost: a forward and backward pass of a batch a step, and products of all weights with the
 * rotations. Memory: the model three times in F32 and the graph of a batch.
 */
public final class SpinQuant implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "spinquant",
          "SpinQuant",
          "Liu and others: arXiv:2405.16406",
          "text (or images), about a minute for a small model",
          "at 4-bit activations, where random rotations leave a gap; in front of rtn or gptq",
          SpinQuantOptions.OPTIONS,
          List.of(
              "what the method behind it runs; R1 and R2 cost nothing, R4 a fast Hadamard"
                  + " transform"));

  private final SpinQuantOptions options;

  /** With the given knobs. */
  public SpinQuant(SpinQuantOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static SpinQuant of(OptionValues values) {
    return new SpinQuant(SpinQuantOptions.of(values));
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
  public MethodPlace place() {
    return MethodPlace.PREPARE;
  }

  @Override
  public String quantizedBy() {
    return "gptq";
  }

  @Override
  public double passes(int samples) {
    return 4.0 * options.tuning().steps() * options.tuning().batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Model model = task.model();
    TuningLoss.check(name(), model);
    ResidualStructure structure = model.requireResidualStructure();
    TunedTransforms transforms = TunedTransforms.of(model, structure);
    if (options.online()) {
      transforms.rotateFeedForwards(task.seed());
    }
    transforms.rotateStream(task.seed());
    transforms.rotateValues(false, task.seed());
    return TransformTuning.learn(
        name(),
        task,
        transforms,
        options.rule(),
        options.tuning(),
        options.roundWeights(),
        options.ranges());
  }
}
