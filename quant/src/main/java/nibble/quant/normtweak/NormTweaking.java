package nibble.quant.normtweak;

import java.util.List;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.tensor.Tensor;

/**
 * Norm Tweaking: after a model was quantized, changes gains (and biases) of its normalisations so
 * that its activations look like those of the float model.
 *
 * <p>Li, Li, Zhang, Chu: <a href="https://arxiv.org/abs/2309.02784">arXiv:2309.02784</a> (AAAI
 * 2024), from abstract and descriptions of others; there is no official code.
 *
 * <pre>{@code
 * block by block, y_f = block(X_f) of the float model, y_q = block_q(X_q)
 * min over gains, biases    mean over channels |mean y_f - mean y_q| + |var y_f - var y_q|      a few steps of Adam, more in later blocks
 * or, in closed form        factors with the least squared error of the layers behind each normalisation, see GainFit
 * }</pre>
 *
 * <p>Packed weights stay as they are. A block keeps its gains if the loss on the samples is not
 * less: so with a method that changed the basis of its layers, where the closed form compares what
 * cannot be compared, nothing is lost. Gains that a rotation folded away cannot be tweaked, nor
 * those of normalisations behind a sum (BERT): a model without any is refused.
 */
public final class NormTweaking implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "norm-tweaking",
          "Norm Tweaking",
          "Li, Li, Zhang, Chu: arXiv:2309.02784",
          "some dozen samples, or none of its own: the model can write them",
          "behind rtn or gptq at 2 and 3 bits, at no cost in the forward pass",
          NormTweakingOptions.OPTIONS,
          List.of("whatever stands before it"));

  private final NormTweakingOptions options;

  /** With the given knobs. */
  public NormTweaking(NormTweakingOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static NormTweaking of(OptionValues values) {
    return new NormTweaking(NormTweakingOptions.of(values));
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
    return MethodPlace.MEND;
  }

  @Override
  public double passes(int samples) {
    return 6.0 * samples + 4.0 * options.iterations() * options.batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    if (BlockTweaks.tunable(task.model()).isEmpty()) {
      throw new IllegalArgumentException(
          "norm-tweaking changes gains of normalisations that linear layers read, %s has none (a rotation folds them away); leave it out"
              .formatted(task.model().architecture()));
    }
    return new BlockTweaks(task, options).run(samples(task));
  }

  private List<Tensor> samples(ModelTask task) {
    List<Tensor> given = task.samples().inputs();
    if (!options.ownText()) {
      return given;
    }
    if (task.floatModel().get() instanceof CausalLanguageModel model) {
      return OwnText.of(task.ops(), model, given, task.seed());
    }
    throw new IllegalArgumentException(
        "option own-text is for models that write text, %s does not"
            .formatted(task.model().architecture()));
  }
}
