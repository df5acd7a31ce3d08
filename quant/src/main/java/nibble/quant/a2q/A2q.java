package nibble.quant.a2q;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.quant.format.Granularity;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Scheme;
import nibble.quant.format.Symmetry;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationQuantizers;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SchemeExecution;
import nibble.quant.model.Segment;
import nibble.quant.reconstruct.BlockReconstructor;
import nibble.quant.reconstruct.BlockWalk;
import nibble.quant.reconstruct.Learner;
import nibble.quant.reconstruct.ReconstructionOptions;
import nibble.quant.reconstruct.SiteQuantizers;

/**
 * A2Q and A2Q+: weights whose integer products with quantized activations provably never leave an
 * accumulator of P bits.
 *
 * <p>Colbert, Pappalardo, Petri-Koenig: <a
 * href="https://arxiv.org/abs/2308.13504">arXiv:2308.13504</a> (ICCV 2023), and with others <a
 * href="https://arxiv.org/abs/2401.10432">arXiv:2401.10432</a> (2024).
 *
 * <pre>{@code
 * |q|_1 of every output channel at most T (AccumulatorBound), by construction (BoundedFunction)
 * start: nearest codes projected on the ball of radius T (L1Ball);     then v, g, s are learned
 * }</pre>
 *
 * <p>Differs from the papers: they train whole networks with labels; here blocks are trained one
 * after the other so that their output stays, which needs no labels and seconds. Our kernels add in
 * 32 bits, so the bound changes nothing in how the model runs here; it is for accumulators of 16
 * bits and for other hardware. Layers outside blocks are rounded to nearest, without a bound.
 */
public final class A2q implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "a2q",
          "A2Q",
          "Colbert, Pappalardo, Petri-Koenig: arXiv:2308.13504; A2Q+: arXiv:2401.10432",
          "some dozen samples, no labels; seconds to minutes of optimisation",
          "for accumulators of less than 32 bits",
          A2qOptions.OPTIONS,
          List.of("W2..8A2..8 with symmetric weights, one scale for each output channel"));

  private final A2qOptions options;

  /** With the given knobs. */
  public A2q(A2qOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static A2q of(OptionValues values) {
    return new A2q(A2qOptions.of(values));
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
  public void check(Scheme scheme) {
    ActivationQuantizers.requireTokens(name(), scheme);
    if (scheme.activations().isEmpty()) {
      throw new IllegalArgumentException(
          "a2q bounds products of integers, the scheme '%s' has activations in float; name a scheme such as W4A8"
              .formatted(scheme));
    }
    boolean plain =
        scheme
            .weights()
            .map(
                w ->
                    w.granularity() instanceof Granularity.PerChannel
                        && w.format().symmetry() == Symmetry.SYMMETRIC)
            .orElse(false);
    if (!plain) {
      throw new IllegalArgumentException(
          "a2q has symmetric weights with one scale for each output channel, the scheme '%s' says otherwise"
              .formatted(scheme));
    }
    scheme
        .activations()
        .ifPresent(
            a ->
                new AccumulatorBound(
                    options.accumulatorBits(),
                    a.format().bits(),
                    !a.format().isAsymmetric(),
                    options.plus()));
  }

  @Override
  public double passes(int samples) {
    return 5.0 * samples + 4.0 * options.iterations() * options.batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    return new Run(task).report();
  }

  private final class Run implements BlockWalk.Visitor {
    private final ModelTask task;
    private final SchemeExecution execution;
    private final Map<Linear, BoundedWeight> weights = new LinkedHashMap<>();
    private final Map<String, Double> facts = new LinkedHashMap<>();
    private long zeros;
    private long codes;

    Run(ModelTask task) {
      this.task = task;
      execution = new SchemeExecution(task);
    }

    MethodReport report() {
      BlockWalk.run(task, task.samples().inputs(), 1, false, this);
      facts.put("share of bounded codes that are zero", codes == 0 ? 0 : (double) zeros / codes);
      return new MethodReport(execution.results(), facts, List.of());
    }

    @Override
    public void learn(BlockWalk.Window window) {
      if (!window.isBlock()) {
        return;
      }
      List<Learner> learners = new ArrayList<>();
      Map<Site, ActivationQuantizer> inputs = new LinkedHashMap<>();
      for (Linear linear : window.linears()) {
        execution
            .input(linear)
            .ifPresent(
                input ->
                    execution
                        .grids(linear)
                        .ifPresent(
                            grids -> {
                              BoundedWeight weight =
                                  new BoundedWeight(
                                      linear,
                                      grids,
                                      AccumulatorBound.of(
                                          options.accumulatorBits(), input, options.plus()),
                                      options.rate(),
                                      options.penalty());
                              weights.put(linear, weight);
                              learners.add(weight);
                              inputs.put(linear.input(), input);
                            }));
      }
      if (!learners.isEmpty()) {
        learners.add(new SiteQuantizers(inputs));
        BlockReconstructor.Result result =
            new BlockReconstructor(
                    task.ops(), new ReconstructionOptions(options.iterations(), options.batch(), 0))
                .reconstruct(task, "weights", window, learners);
        facts.put(
            "error with projected codes/" + window.parts().getFirst().name(), result.before());
        facts.put("error with learned codes/" + window.parts().getFirst().name(), result.after());
      }
    }

    @Override
    public void finish(Segment part) {
      for (Linear linear : part.stages().stream().flatMap(List::stream).toList()) {
        BoundedWeight weight = weights.get(linear);
        if (weight == null) {
          execution.executeNearest(linear);
        } else {
          QuantizedTensor chosen = weight.codes();
          for (byte code : chosen.codes()) {
            zeros += code == 0 ? 1 : 0;
          }
          codes += chosen.codes().length;
          execution.execute(linear, chosen);
        }
      }
    }
  }
}
