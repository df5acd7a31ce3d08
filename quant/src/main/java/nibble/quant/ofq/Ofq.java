package nibble.quant.ofq;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Scheme;
import nibble.quant.format.Symmetry;
import nibble.quant.lsq.LearnedQuantizer;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.range.RangeSearch;
import nibble.quant.training.ActivationScales;
import nibble.quant.training.JointTraining;
import nibble.quant.training.LearnedWeights;

/**
 * OFQ: training whose weight scales are statistics, so that weights near a border of two codes
 * swing less, and an annealing at the end in which only those still move.
 *
 * <p>Liu, Liu, Cheng: <a href="https://arxiv.org/abs/2302.02210">arXiv:2302.02210</a> (ICML 2023),
 * after the authors' code.
 *
 * <pre>{@code
 * weights       StatsQ: half integers, s = 2 mean |W[r]|
 * activations   LSQ+, one scale and offset a layer; a head for q, k and v; probabilities from 0 up
 * annealing     weights outside the band around borders keep their bits (StatsQuantizer)
 * }</pre>
 *
 * <p>Differs from the paper: query and key weights are not joined into one product (QKR), which
 * would need another attention in every model; activation scales are of layers, not of token
 * positions, so that linear layers run as integers; one offset is folded into the bias instead of
 * two shifts; layers that the recipe gives 8 bits, such as both ends, have LSQ weights, as in the
 * paper. A short training at constant rates. Codes are odd integers and take b + 1 bits in memory.
 */
public final class Ofq implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "ofq",
          "OFQ",
          "Liu, Liu, Cheng: arXiv:2302.02210",
          "images to train on; longer than GPLQ",
          "training at 2 to 4 bits, with many images and time",
          OfqOptions.OPTIONS,
          List.of(
              "W2..7A2..8: linear layers in integers, weights in a bit more; q, k, v and"
                  + " probabilities quantized in float"));

  private final OfqOptions options;

  /** With the given knobs. */
  public Ofq(OfqOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static Ofq of(OptionValues values) {
    return new Ofq(OfqOptions.of(values));
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
    ModelMethod.super.check(scheme);
    if (scheme.weights().orElseThrow().format().bits() >= IntFormat.MAX_BITS) {
      throw new IllegalArgumentException(
          "ofq has odd integers for weights, which take a bit more: at most 7 bits, found "
              + scheme
              + "; choose lsq for 8 bits");
    }
  }

  @Override
  public double passes(int samples) {
    return 6.0 * (options.training().images() + options.annealImages());
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Map<Site, TrainedQuantizer> activations = new LinkedHashMap<>();
    ActivationScales.Choice choice =
        new ActivationScales.Choice(
            ActivationScales.Sharing.LAYER,
            true,
            RangeSearch.PERCENTILES,
            RangeSearch.PERCENTILES,
            new RowRounding(Symmetry.SYMMETRIC, RangeSearch.MIN_MAX),
            ActivationScales.Probabilities.UNSIGNED,
            options.initImages());
    ActivationScales.fit(task, choice)
        .forEach(l -> activations.put(l.site().site(), l.quantizer()));
    Map<Linear, LearnedQuantizer> wide = wide(task);
    JointTraining first =
        new JointTraining(task, name(), activations, weights(task, wide, Double.POSITIVE_INFINITY));
    first.train(name(), options.training());
    JointTraining second =
        new JointTraining(task, name(), activations, weights(task, wide, options.band()));
    second.train(name() + "-annealing", options.annealing());
    MethodReport report = second.install();
    List<MethodReport.Curve> curves = new ArrayList<>(first.curves());
    curves.addAll(report.curves());
    return new MethodReport(report.layers(), report.facts(), curves);
  }

  private static List<JointTraining.Weight> weights(
      ModelTask task, Map<Linear, LearnedQuantizer> wide, double band) {
    List<JointTraining.Weight> weights = new ArrayList<>();
    for (Linear linear : task.model().linears()) {
      LearnedQuantizer learned = wide.get(linear);
      if (learned != null) {
        weights.add(LearnedWeights.weight(linear, learned));
      } else {
        task.weights(linear)
            .ifPresent(
                scheme -> {
                  StatsQ function = new StatsQ(scheme.format().bits());
                  weights.add(
                      new JointTraining.Weight(
                          linear,
                          new StatsQuantizer(linear, function, band),
                          () ->
                              function.codes(
                                  linear.weight().peek().toFloats(), linear.out(), linear.in())));
                });
      }
    }
    return weights;
  }

  /** LSQ for layers of 8 bits. */
  private static Map<Linear, LearnedQuantizer> wide(ModelTask task) {
    Map<Linear, LearnedQuantizer> wide = new LinkedHashMap<>();
    for (Linear linear : task.model().linears()) {
      task.bits(linear).stream()
          .filter(bits -> bits == IntFormat.MAX_BITS)
          .forEach(bits -> wide.put(linear, LearnedWeights.start(task, linear, bits)));
    }
    return wide;
  }
}
