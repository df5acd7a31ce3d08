package nibble.quant.ofq;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import nibble.nn.JoinableQueryKey;
import nibble.nn.JoinedQueryKey;
import nibble.nn.Linear;
import nibble.nn.Parameter;
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
import org.jspecify.annotations.Nullable;

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
 * QKR           scores = (M^ x[a] + c) . x[b], M = Wk^T Wq and c = Wk^T bq for each head (JoinedQuantizer)
 * }</pre>
 *
 * <p>QKR is an option, since M takes more memory and time than Wq and Wk: width times width a head.
 * It changes the layers of the model, see {@link JoinableQueryKey}.
 *
 * <p>Differs from the paper: M is transposed, which keeps the query's bias exact in the bias of its
 * layer, where the authors drop it; that bias learns by itself. Keys are the input itself, with
 * scales of their own. Activation scales are of layers, not of token positions, so that linear
 * layers run as integers; one offset is folded into the bias instead of two shifts; layers that the
 * recipe gives 8 bits, such as both ends, have LSQ weights, as in the paper. A short training at
 * constant rates. Codes are odd integers and take b + 1 bits in memory.
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
    List<JoinedQueryKey> joined = options.joinQueryKey() ? join(task) : List.of();
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
    Map<Linear, JoinedQueryKey> products = products(task, joined, wide);
    Set<Parameter> made =
        products.keySet().stream().map(Linear::weight).collect(Collectors.toSet());
    JointTraining first =
        new JointTraining(
            task, name(), activations, weights(task, wide, products, Double.POSITIVE_INFINITY));
    first.train(name(), options.training(), parameter -> !made.contains(parameter));
    JointTraining second =
        new JointTraining(task, name(), activations, weights(task, wide, products, options.band()));
    second.train(
        name() + "-annealing", options.annealing(), parameter -> !made.contains(parameter));
    MethodReport report = second.install();
    List<MethodReport.Curve> curves = new ArrayList<>(first.curves());
    curves.addAll(report.curves());
    return new MethodReport(report.layers(), report.facts(), curves);
  }

  private static List<JoinedQueryKey> join(ModelTask task) {
    if (!(task.model() instanceof JoinableQueryKey model)) {
      throw new IllegalArgumentException(
          "ofq joins queries and keys of ViT and DeiT, found %s; set join-query-key=false"
              .formatted(task.model().architecture()));
    }
    return model.joinQueriesAndKeys(task.ops());
  }

  private static List<JointTraining.Weight> weights(
      ModelTask task,
      Map<Linear, LearnedQuantizer> wide,
      Map<Linear, JoinedQueryKey> products,
      double band) {
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
                          quantizer(linear, products.get(linear), function, band),
                          () ->
                              function.codes(
                                  linear.weight().peek().toFloats(), linear.out(), linear.in())));
                });
      }
    }
    return weights;
  }

  /** Layers whose weight is made of two others, in training. */
  private static Map<Linear, JoinedQueryKey> products(
      ModelTask task, List<JoinedQueryKey> joined, Map<Linear, LearnedQuantizer> wide) {
    Map<Linear, JoinedQueryKey> products = new HashMap<>();
    for (JoinedQueryKey each : joined) {
      if (task.weights(each.layer()).isPresent() && !wide.containsKey(each.layer())) {
        products.put(each.layer(), each);
      }
    }
    return products;
  }

  private static TrainedQuantizer quantizer(
      Linear linear, @Nullable JoinedQueryKey joined, StatsQ function, double band) {
    return joined == null
        ? new StatsQuantizer(linear, function, band)
        : new JoinedQuantizer(joined, function, band);
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
