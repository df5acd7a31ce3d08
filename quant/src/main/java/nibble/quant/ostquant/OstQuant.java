package nibble.quant.ostquant;

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
import nibble.quant.stiefel.RiemannianAdam;
import nibble.quant.tuning.TransformTuning;
import nibble.quant.tuning.TunedTransforms;
import nibble.quant.tuning.TuningLoss;

/**
 * OSTQuant: orthogonal and scaling transforms, learned together so that data fill the grids,
 * against the float model's largest logits.
 *
 * <p>Hu, Cheng, Yang, Xu, Yuan, Yu, Xu, Jiang, Zhou: <a
 * href="https://arxiv.org/abs/2501.13987">arXiv:2501.13987</a> (ICLR 2025).
 *
 * <pre>{@code
 * R_res [hidden, hidden]          stream                        S_attn, S_mlp [hidden]   what norms give, after R_res
 * R_ov [keyHeads, d, d]           values of each key head       S_ov [keyHeads d]        values, before R_ov
 * S_qk [keyHeads (d - rotary/2)]  keys against queries          S_ud [intermediate]      up against down, before the Hadamard
 * R_down                          Hadamard before second feed-forward layers, at run time, not learned
 * minimise   KL over the k largest logits of the float model    R by Riemannian Adam, ln S by Adam
 * }</pre>
 *
 * <p>Differs from the paper: scales of keys are tied over pairs of rotary positions, since untied
 * ones change the function (the authors' code leaves them untied); none where heads are normalised.
 * Scales are learned as logarithms, so they stay positive. S_attn and S_mlp stand in the input
 * sites as a product with a vector, which costs what the norm's gain did. S_ud needs a gate or
 * ReLU: plain GELU layers have none. Works on any model with a residual structure and logits.
 */
public final class OstQuant implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "ostquant",
          "OSTQuant",
          "Hu and others: arXiv:2501.13987",
          "text or images, about a minute for a small model",
          "at 4-bit activations and below, beside spinquant; in front of rtn or gptq",
          OstQuantOptions.OPTIONS,
          List.of(
              "what the method behind it runs; a product with a vector at layer inputs, a fast"
                  + " Hadamard transform"));

  private final OstQuantOptions options;

  /** With the given knobs. */
  public OstQuant(OstQuantOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static OstQuant of(OptionValues values) {
    return new OstQuant(OstQuantOptions.of(values));
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
    return 5.0 * options.tuning().steps() * options.tuning().batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Model model = task.model();
    TuningLoss.check(name(), model);
    TunedTransforms transforms = transforms(model, model.requireResidualStructure(), task.seed());
    return TransformTuning.learn(
        name(),
        task,
        transforms,
        RiemannianAdam.DEFAULTS,
        options.tuning(),
        options.roundWeights(),
        options.ranges());
  }

  private TunedTransforms transforms(Model model, ResidualStructure structure, long seed) {
    TunedTransforms transforms = TunedTransforms.of(model, structure);
    transforms.scaleFeedForwards();
    transforms.scaleKeys();
    transforms.scaleValues();
    if (options.principal()) {
      transforms.rotateStreamFromWeights(seed);
    } else {
      transforms.rotateStream(seed);
    }
    transforms.rotateValues(true, seed);
    transforms.scaleInputs();
    if (options.online()) {
      transforms.rotateFeedForwards(seed);
    }
    return transforms;
  }
}
