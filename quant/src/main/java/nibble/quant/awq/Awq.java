package nibble.quant.awq;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.quant.fold.OnlineEdge;
import nibble.quant.fold.ScaleEdge;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.Segment;
import nibble.quant.model.SiteMagnitudes;
import nibble.quant.observer.ChannelMagnitudes;
import nibble.tensor.Tensor;

/**
 * AWQ: input channels with large activations get larger weights before rounding, by a scale that is
 * searched.
 *
 * <p>Lin, Tang, Tang, Yang, Chen, Wang, Xiao, Dang, Gan, Han, MLSys 2024, <a
 * href="https://arxiv.org/abs/2306.00978">arXiv:2306.00978</a>, section 3, after the authors' code.
 *
 * <pre>{@code
 * x_j = mean over calibration tokens of |x_j|            for each group of layers that read one input:
 * for r in 0, 1/20, ... 19/20:   s = max(x^r, 1e-4) / sqrt(max s min s)
 *                                W' = Q(W diag(s)) diag(s)^-1      e = mean (block(x; W') - block(x; W))^2
 * the s with the least e:        x' = x / s in what makes x,       W <- W diag(s)
 * }</pre>
 *
 * <p>The function stays; a following method quantizes: the paper's rounding with its clip search is
 * {@link ClippedRounding}. Blocks see float inputs. Differs from the code: the whole block's output
 * is compared, not that of attention or feed-forward alone; values are scaled with grouped heads
 * too, one scale for all that share a key head; channels that were never active take no part. Cost:
 * {@code steps} passes of the chosen batches through each block for each of its inputs.
 */
public final class Awq implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "awq",
          "AWQ scales",
          "AWQ, MLSys 2024: arXiv:2306.00978",
          "calibration samples, no labels, no training",
          "4- and 3-bit weights with float activations, best with groups: awq at 'W4A16 g32"
              + " w:asym'; awq+gptq adds error feedback",
          AwqOptions.OPTIONS,
          List.of("whatever stands behind it"));

  private final AwqOptions options;

  /** With the given knobs. */
  public Awq(AwqOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static Awq of(OptionValues values) {
    return new Awq(AwqOptions.of(values));
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
    return ClippedRounding.CARD.name();
  }

  @Override
  public double passes(int samples) {
    return samples + 4.0 * options.steps() * Math.min(samples, options.batches());
  }

  @Override
  public MethodReport apply(ModelTask task) {
    List<ScaleEdge> edges =
        options.places().of(task.model()).stream()
            .filter(
                edge ->
                    edge.readers().stream().anyMatch(linear -> task.weights(linear).isPresent()))
            .toList();
    Set<Linear> scaled =
        edges.stream().flatMap(edge -> edge.readers().stream()).collect(Collectors.toSet());
    task.progress().begin("scales", edges.size(), "inputs");
    Map<String, Double> exponents = new LinkedHashMap<>();
    List<Tensor> inputs = task.samples().inputs();
    for (Segment segment : Segment.of(task.model())) {
      List<Linear> linears = segment.stages().stream().flatMap(List::stream).toList();
      if (segment.isLast()) {
        break;
      }
      List<Tensor> outputs = segment.forward(task.ops(), inputs);
      if (linears.stream().anyMatch(scaled::contains)) {
        List<ScaleEdge> own =
            edges.stream().filter(edge -> linears.contains(edge.readers().getFirst())).toList();
        block(task, segment, own, inputs, outputs, exponents, edges.size());
      }
      inputs = outputs; // the function stays, so they are those of the scaled block too
    }
    Map<String, Double> facts = new LinkedHashMap<>();
    facts.put("awq.places", (double) edges.size());
    facts.put("awq.online", (double) edges.stream().filter(OnlineEdge.class::isInstance).count());
    exponents.forEach((place, exponent) -> facts.put("awq." + place + ".exponent", exponent));
    return new MethodReport(List.of(), facts, List.of());
  }

  private void block(
      ModelTask task,
      Segment segment,
      List<ScaleEdge> edges,
      List<Tensor> inputs,
      List<Tensor> outputs,
      Map<String, Double> exponents,
      int all) {
    List<Site> sites = edges.stream().map(edge -> edge.readers().getFirst().input()).toList();
    Map<Site, ChannelMagnitudes> sizes =
        SiteMagnitudes.measure(task.ops(), segment.forward(), inputs, sites);
    int batches = Math.min(options.batches(), inputs.size());
    BlockOutput judge =
        new BlockOutput(
            task.ops(),
            segment,
            new ArrayList<>(inputs.subList(0, batches)),
            new ArrayList<>(outputs.subList(0, batches)));
    for (ScaleEdge edge : edges) {
      ChannelMagnitudes x = sizes.get(edge.readers().getFirst().input());
      if (x == null) {
        throw new IllegalStateException("'" + edge.name() + "' was not measured");
      }
      exponents.put(edge.name(), search(task, judge, edge, means(edge, x)));
      task.progress().to(exponents.size(), edge.name() + " of " + all);
    }
  }

  /** Mean sizes by factor: channels that share one count together. */
  private static double[] means(ScaleEdge edge, ChannelMagnitudes x) {
    double[] sum = new double[edge.factors()];
    int[] count = new int[edge.factors()];
    for (int j = 0; j < x.mean().length; j++) {
      sum[edge.factorOf(j)] += x.mean()[j];
      count[edge.factorOf(j)]++;
    }
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= Math.max(1, count[i]);
    }
    return sum;
  }

  /** Scales by the best exponent and returns it. */
  private double search(ModelTask task, BlockOutput judge, ScaleEdge edge, double[] x) {
    double least = Double.POSITIVE_INFINITY;
    double best = 0;
    for (int i = 0; i < options.steps(); i++) {
      double r = (double) i / options.steps();
      double error = judge.errorOf(edge, AwqScales.of(x, r), task.schemes());
      if (error < least) {
        least = error;
        best = r;
      }
    }
    float[] factors = AwqScales.of(x, best);
    for (int j = 0; j < factors.length; j++) {
      factors[j] = 1 / factors[j];
    }
    if (best > 0) {
      edge.scale(factors);
    }
    return best;
  }
}
