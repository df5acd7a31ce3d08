package nibble.quant.ptq4vm;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.brecq.BlockRounding;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.lsq.LearnedQuantizer;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.training.JointTraining;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * PTQ4VM's two stages that are not about video: roundings block by block, then a factor of every
 * weight, learned for the whole model at once.
 *
 * <p>Post-Training Quantization for Video Matting, <a
 * href="https://arxiv.org/abs/2506.10840">arXiv:2506.10840</a>, after notes on the paper; neither
 * its text nor code were at hand, so defaults and details are inferred.
 *
 * <pre>{@code
 * stage 1   each block: min over roundings || block(X^; W^) - Y ||^2, activations dropped as QDrop does
 * stage 2   W' = gamma W^ for every layer, gamma from 1 on and within 0.5 to 2; integers stay
 *           min over all gamma, activation scales, biases:   KL(float model || quantized)
 *           gamma goes into the scales of the weight: nothing is left to do in the forward pass
 * }</pre>
 *
 * <p>Differs: blocks are those of the model, which cuts a graph already. The constant beta that the
 * paper adds to all weights of a layer would be a zero point that is no integer, which kernels do
 * not have; in its place biases learn, which repair the same shift for the mean input. Scales of q,
 * k, v and probabilities stay. The loss on warped frames needs video: Nibble has no model of it.
 * Normalisations of batches, which the paper folds first, do not occur in transformers.
 */
public final class Ptq4Vm implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "ptq4vm",
          "PTQ4VM without its video part",
          "arXiv:2506.10840 (after notes; details inferred)",
          "some hundred samples, no labels; minutes of optimisation",
          "behind block reconstruction, as in qdrop, where the errors of blocks add up",
          Ptq4VmOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in"
                  + " float"));

  private final Ptq4VmOptions options;

  /** With the given knobs. */
  public Ptq4Vm(Ptq4VmOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static Ptq4Vm of(OptionValues values) {
    return new Ptq4Vm(Ptq4VmOptions.of(values));
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
    return 4.0 * options.rounding().iterations() * options.rounding().batch()
        + 6.0 * options.training().images();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    BlockRounding.Rounded rounded =
        new BlockRounding(task, options.rounding()).learn(OptionalDouble.of(options.drop()));
    if (options.training().steps() == 0) {
      return new MethodReport(
          ModelExecution.install(task.model(), rounded.quantizers(), rounded.codes()),
          rounded.facts(),
          List.of());
    }
    rounded
        .codes()
        .forEach(
            (linear, codes) ->
                linear.setWeight(Tensor.of(codes.dequantize(), linear.out(), linear.in())));
    Map<Site, TrainedQuantizer> activations = activations(task, rounded.quantizers());
    Map<String, Double> facts = new LinkedHashMap<>(rounded.facts());
    Map<Linear, WeightFactor> factors = new LinkedHashMap<>();
    List<JointTraining.Weight> weights = new ArrayList<>();
    rounded
        .codes()
        .forEach(
            (linear, codes) -> {
              WeightFactor factor = WeightFactor.of(linear.weightSite().name());
              factors.put(linear, factor);
              TrainedQuantizer input = activations.get(linear.input());
              weights.add(
                  new JointTraining.Weight(
                      linear, factor, () -> factor.absorbed(codes, folded(input))));
            });
    JointTraining training = new JointTraining(task, name(), activations, weights);
    Set<Parameter> biases = biases(task, rounded.codes());
    training.train(name(), options.training(), biases::contains);
    factors.forEach(
        (linear, factor) -> facts.put("factor/" + linear.name(), (double) factor.gamma().item()));
    // biases of folded offsets and the reported errors are those of the weights that run
    factors.forEach((linear, factor) -> linear.setWeight(scaled(linear, factor)));
    MethodReport report = training.install();
    return new MethodReport(report.layers(), facts, report.curves());
  }

  private static Tensor scaled(Linear linear, WeightFactor factor) {
    float[] w = linear.weight().peek().toFloats();
    for (int i = 0; i < w.length; i++) {
      w[i] *= factor.gamma().item();
    }
    return Tensor.of(w, linear.out(), linear.in());
  }

  private static Set<Parameter> biases(ModelTask task, Map<Linear, QuantizedTensor> codes) {
    Set<Parameter> biases = Collections.newSetFromMap(new IdentityHashMap<>());
    codes.keySet().forEach(linear -> biases.add(linear.ensureBias()));
    biases.retainAll(task.model().parameters());
    return biases;
  }

  /** Inputs of linear layers learn scale and offset; what else is quantized stays. */
  private static Map<Site, TrainedQuantizer> activations(
      ModelTask task, Map<Site, StoredFunction> quantizers) {
    Map<Site, TrainedQuantizer> activations = new LinkedHashMap<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      StoredFunction quantizer = quantizers.get(site.site());
      if (quantizer instanceof UniformQuantizer uniform
          && site.role() == ActivationSite.Role.LINEAR_INPUT) {
        activations.put(site.site(), learned(site.name(), uniform));
      } else if (quantizer != null) {
        activations.put(site.site(), TrainedQuantizer.fixed(site.name(), quantizer));
      }
    }
    return activations;
  }

  private static LearnedQuantizer learned(String name, UniformQuantizer uniform) {
    Tensor zero = uniform.zeroPoints();
    float scale = uniform.scales().item();
    return LearnedQuantizer.withOffset(
        name,
        uniform.bits(),
        Tensor.scalar(scale),
        Tensor.scalar(zero == null ? 0 : -scale * zero.item()));
  }

  /** What folding makes of the scales of weights that read a site. */
  private static float folded(@Nullable TrainedQuantizer input) {
    return input instanceof LearnedQuantizer learned ? learned.scale().item() : 1;
  }
}
