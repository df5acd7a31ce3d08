package nibble.quant.repquant;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleBatches;
import nibble.quant.range.LogGrid;
import nibble.quant.range.SoftmaxFit;
import nibble.quant.range.SomeRows;
import nibble.quant.reconstruct.LearnedRounding;
import nibble.quant.reconstruct.ReconstructionOptions;
import nibble.quant.reconstruct.RoundingLogits;
import nibble.quant.repqvit.RepQSteps;
import nibble.quant.rounding.RoundingDrive;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * RepQuant: RepQ-ViT with learned clips of channels before the fold, and roundings learned block by
 * block after it.
 *
 * <p>Li, Liu, Zhang, Gu: <a href="https://arxiv.org/abs/2402.05628">arXiv:2402.05628</a> (2024).
 * Only the abstract and single figures were read: the objective of the clips, and that weights are
 * reconstructed as AdaRound and QDrop do it, are inferred.
 *
 * <pre>{@code
 * behind a LayerNorm   learned clips of both ends of each channel (DualClip), then the fold of RepQ-ViT
 * softmax              powers of sqrt(2), or of two
 * weights              asymmetric rows on the folded weights; roundings learned against each block's float output, activations quantized and dropped at random
 * }</pre>
 *
 * <p>Never worse than RepQ-ViT on either objective over the calibration data, since its ranges and
 * roundings are among those compared. Linear layers run as integers.
 */
public final class RepQuant implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "repquant",
          "RepQuant",
          "Li, Liu, Zhang, Gu: arXiv:2402.05628 (objectives inferred)",
          "some ten to hundred samples, no labels; minutes of optimisation",
          "vision transformers at W4A4 and below, where repq-vit is not enough and there is no time"
              + " to train",
          RepQuantOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in float",
              "W2..8A16"));

  private static final int CLIP_ROWS = 512;

  private final RepQuantOptions options;

  /** With the given knobs. */
  public RepQuant(RepQuantOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static RepQuant of(OptionValues values) {
    return new RepQuant(RepQuantOptions.of(values));
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
    return 4.0 * options.iterations() * options.batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Map<String, Double> facts = new LinkedHashMap<>();
    RepQSteps.Fitted fitted =
        RepQSteps.fit(
            task,
            options.images(),
            true,
            true,
            new RepQSteps.Choices() {
              @Override
              public StoredFunction probabilities(int bits, Tensor x) {
                return SoftmaxFit.fit(
                    bits, x.toFloats(), options.softmaxStep(), LogGrid.Zero.RESERVED);
              }

              @Override
              public UniformQuantizer channels(ActivationSite site, int bits, Tensor x, Ops ops) {
                return learnedClips(
                    site,
                    bits,
                    x,
                    RepQSteps.Choices.super.channels(site, bits, x, ops),
                    ops,
                    facts);
              }
            });
    Map<Site, StoredFunction> quantizers = RepQSteps.fold(task, fitted);
    Map<Linear, QuantizedTensor> codes =
        options.iterations() == 0
            ? RepQSteps.WEIGHTS.codes(task)
            : learnedCodes(task, quantizers, facts);
    return new MethodReport(
        ModelExecution.install(task.model(), quantizers, codes), facts, List.of());
  }

  private UniformQuantizer learnedClips(
      ActivationSite site,
      int bits,
      Tensor x,
      UniformQuantizer percentiles,
      Ops ops,
      Map<String, Double> facts) {
    DualClip clip = new DualClip(ops, SomeRows.of(x, CLIP_ROWS), site.readers(), bits);
    UniformQuantizer best;
    try (var training = ops.withGrad()) {
      best = clip.learn(percentiles, options.clipIterations(), options.clipRate());
    }
    facts.put("squared error with percentiles/" + site.name(), clip.error(percentiles));
    facts.put("squared error with learned clips/" + site.name(), clip.error(best));
    return best;
  }

  private Map<Linear, QuantizedTensor> learnedCodes(
      ModelTask task, Map<Site, StoredFunction> quantizers, Map<String, Double> facts) {
    ReconstructionOptions reconstruction =
        new ReconstructionOptions(options.iterations(), options.batch(), options.drop());
    return new LearnedRounding(quantizers, OptionalDouble.of(options.drop()), reconstruction)
        .codes(
            task,
            SampleBatches.of(task.samples(), options.images(), options.batch()),
            linear -> rounding(task, linear),
            facts);
  }

  private Optional<RoundingLogits> rounding(ModelTask task, Linear linear) {
    return task.weights(linear)
        .map(
            scheme ->
                RepQSteps.WEIGHTS.codes(linear, scheme.format().bits(), task.ops().splitter()))
        .map(
            nearest ->
                new RoundingLogits(
                    linear, nearest.params(), options.rate(), RoundingDrive.DEFAULTS));
  }
}
