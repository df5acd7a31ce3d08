package nibble.quant.repqvit;

import java.util.List;
import nibble.nn.site.StoredFunction;
import nibble.quant.format.IntFormat;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.quant.range.SoftmaxFit;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * RepQ-ViT: calibrates inputs behind a LayerNorm per channel and folds the scales, so that
 * execution has one scale.
 *
 * <p>Li, Xiao, Yang, Gu: <a href="https://arxiv.org/abs/2212.08254">arXiv:2212.08254</a> (ICCV
 * 2023), after the authors' code.
 *
 * <pre>{@code
 * ranges      of three percentiles the one with the least squared error: per tensor for activations, per row for weights, asymmetric
 * LayerNorm   scales per channel s, z;  s~ = mean(s), z~ = rint(mean(z));  r = s / s~, b = s~ (z~ - z)
 *             gain /= r, shift = shift / r - b;   W[:, j] *= r[j], bias += W b;   one scale s~, z~ gives the same codes
 * softmax     log-sqrt2: levels delta 2^(-k / 2)
 * }</pre>
 *
 * <p>Ranges are fitted in one pass of one batch, each site seeing quantized inputs and weights
 * before it. Differs from the authors' code: z~ is rounded; one of the softmax codes stands for
 * zero unless {@code zero-code=extra}; bits of the first and last layer are the recipe's. Linear
 * layers run as integers; q, k, v and the attention probabilities are quantized in float. Cost: one
 * calibration pass and selections of quantiles; no training.
 */
public final class RepQVit implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "repq-vit",
          "RepQ-ViT",
          "Li, Xiao, Yang, Gu: arXiv:2212.08254",
          "32 samples, no labels, no training",
          "vision transformers at W6A6 to W4A4 in seconds; repq-vit+qwt for more quality",
          RepQVitOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in float",
              "W2..8A16"));

  private final RepQVitOptions options;

  /** With the given knobs. */
  public RepQVit(RepQVitOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static RepQVit of(OptionValues values) {
    return new RepQVit(RepQVitOptions.of(values));
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
    return 4.0 * Math.min(samples, options.images());
  }

  @Override
  public MethodReport apply(ModelTask task) {
    RepQSteps.Fitted fitted =
        RepQSteps.fit(
            task,
            options.images(),
            options.reparameterise(),
            true,
            (bits, x) -> probabilities(bits, x, task.ops()));
    return MethodReport.of(
        ModelExecution.install(
            task.model(), RepQSteps.fold(task, fitted), RepQSteps.WEIGHTS.codes(task)));
  }

  private StoredFunction probabilities(int bits, Tensor x, Ops ops) {
    return options.softmax() == RepQVitOptions.Softmax.UNIFORM
        ? SiteGrids.fit(
            "probabilities",
            x,
            Shape.of(),
            IntFormat.asymmetric(bits),
            RangeSearch.PERCENTILES,
            ops)
        : SoftmaxFit.fit(bits, x.toFloats(), options.softmax().step(), options.zero());
  }
}
