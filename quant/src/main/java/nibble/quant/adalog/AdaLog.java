package nibble.quant.adalog;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.fisher.AttentionSamples;
import nibble.quant.fisher.ProductSamples;
import nibble.quant.fold.ChannelFold;
import nibble.quant.fold.ScaleReparameterisation;
import nibble.quant.format.IntFormat;
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
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.quant.range.SoftmaxBase;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * AdaLog: logarithmic grids with a searched base for attention probabilities and for values after
 * GELU, uniform grids elsewhere, all chosen by the output of the layer.
 *
 * <p>Wu, Chen, Zhong, Huang, Wang: <a href="https://arxiv.org/abs/2407.12951">arXiv:2407.12951</a>
 * (ECCV 2024), after the authors' code, without its optional block reconstruction.
 *
 * <pre>{@code
 * grid        k = round(-log2(x / s) r / q), r = 37, q from 10 to 138      x^ = s 2^(-k q / r) by two tables of 2^b entries
 * softmax     s = 1; of all q the one with the least |P V - P^ V|^2
 * GELU        of y = x + 0.16997; the shift is part of the levels here; in integers the bias takes it out with the quantized weights
 * LayerNorm   scales per channel, folded as in RepQ-ViT with a rounded zero point
 * search      pairs (s, z) or (s, q): 8 ranges x 16 integers, the best 16 refined six times by the squared error of the tensor,
 *             then weights per row and input in turn, three rounds, by the squared error of the layer's output
 * }</pre>
 *
 * <p>All layers see inputs in float, so they do not depend on each other. Differs from the authors'
 * code: candidates are judged on part of the rows; one of the logarithmic codes stands for zero
 * unless {@code zero-code=extra}; a base whose rounded table does not rise is passed over; q, k and
 * v have one grid per head, fitted to their values by percentiles, not by the products. Linear
 * layers run as integers, except those behind GELU, whose grid is computed in float, like q, k, v
 * and the probabilities.
 */
public final class AdaLog implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "adalog",
          "AdaLog",
          "Wu, Chen, Zhong, Huang, Wang: arXiv:2407.12951",
          "32 samples, no labels, no training",
          "vision transformers at W4A4 and W3A3, where one pass of calibration is all there is time"
              + " for",
          AdaLogOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; inputs after GELU, q, k, v and probabilities"
                  + " quantized in float",
              "W2..8A16"));

  private static final int BATCH = 8;

  private final AdaLogOptions options;

  /** With the given knobs. */
  public AdaLog(AdaLogOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static AdaLog of(OptionValues values) {
    return new AdaLog(AdaLogOptions.of(values));
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
  public MethodReport apply(ModelTask task) {
    Ops ops = task.ops();
    ProductSamples samples =
        ProductSamples.forward(
            ops,
            task.model(),
            SampleBatches.of(task.samples(), options.images(), BATCH),
            options.rows(),
            options.maps());
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
    double first = 0;
    double last = 0;
    List<ActivationSite> sites = ActivationSite.of(task.model());
    task.progress().begin("search", sites.size(), "sites");
    try (var inference = ops.noGrad()) {
      for (int i = 0; i < sites.size(); i++) {
        ActivationSite site = sites.get(i);
        if (!site.readers().isEmpty()) {
          LayerFit fit = fit(task, site, samples.of(site.readers().getFirst()).input());
          Optional.ofNullable(fit.quantizer()).ifPresent(q -> quantizers.put(site.site(), q));
          codes.putAll(fit.codes());
          first += fit.firstError();
          last += fit.error();
        } else {
          samples
              .ofProbabilities(site.site())
              .ifPresent(attention -> fit(task, site.site(), attention, quantizers));
        }
        task.progress().to(i + 1, site.name());
      }
    }
    Map<String, Double> facts = new LinkedHashMap<>();
    facts.put("squared error of linear outputs, grids by values", first);
    facts.put("squared error of linear outputs, grids by outputs", last);
    return new MethodReport(
        ModelExecution.install(task.model(), quantizers, codes), facts, List.of());
  }

  private LayerFit fit(ModelTask task, ActivationSite site, Tensor input) {
    OptionalInt bits = task.bits(site.site());
    Tensor folded = input;
    if (bits.isPresent() && ChannelFold.norm(task.model(), site.site(), true).isPresent()) {
      folded = fold(task, site, input, bits.getAsInt());
    }
    Map<Linear, OptionalInt> readers = new LinkedHashMap<>();
    site.readers().forEach(linear -> readers.put(linear, task.bits(linear)));
    return new LayerFit(task.ops(), readers, folded, bits, options);
  }

  /**
   * Folds scales per channel into the normalisation and the layers behind it, and returns what the
   * layers read then.
   */
  private static Tensor fold(ModelTask task, ActivationSite site, Tensor x, int bits) {
    RangeSearch search = RangeSearch.bestOf(RangeSearch.PERCENTILES, RangeSearch.SHRINK);
    UniformQuantizer channels =
        SiteGrids.fit(
            site.name(), x, Shape.of(x.dim(-1)), IntFormat.asymmetric(bits), search, task.ops());
    ScaleReparameterisation change =
        ScaleReparameterisation.of(channels, ScaleReparameterisation.emptyChannels(x));
    boolean _ = ChannelFold.apply(task.model(), site.site(), change.factors(), change.shifts());
    Tensor factors = Tensor.of(change.factors(), x.dim(-1));
    return task.ops().add(task.ops().mul(x, factors), Tensor.of(change.shifts(), x.dim(-1)));
  }

  private void fit(
      ModelTask task,
      Site probabilities,
      AttentionSamples attention,
      Map<Site, StoredFunction> quantizers) {
    String name = probabilities.name().replaceFirst("probs$", "");
    perHead(task, name + "q_out", attention.query(), attention.heads(), quantizers);
    perHead(task, name + "k_out", attention.key(), attention.heads(), quantizers);
    perHead(task, name + "v_out", attention.value(), attention.heads(), quantizers);
    task.bits(probabilities)
        .ifPresent(
            b ->
                quantizers.put(
                    probabilities,
                    SoftmaxBase.fit(
                        task.ops(),
                        b,
                        attention.probabilities(),
                        attention.value(),
                        options.zero())));
  }

  /** One grid for each head, of those maps that belong to it. */
  private static void perHead(
      ModelTask task,
      String name,
      Tensor maps,
      List<Integer> headOfMap,
      Map<Site, StoredFunction> quantizers) {
    Site site = task.model().sites().get(name);
    task.bits(site)
        .ifPresent(
            b -> {
              int heads = 1 + headOfMap.stream().mapToInt(Integer::intValue).max().orElse(0);
              float[] scales = new float[heads];
              float[] zeroPoints = new float[heads];
              RangeSearch search = RangeSearch.bestOf(RangeSearch.PERCENTILES, RangeSearch.SHRINK);
              for (int head = 0; head < heads; head++) {
                int wanted = head;
                Tensor[] own =
                    IntStream.range(0, maps.dim(0))
                        .filter(i -> headOfMap.get(i) == wanted)
                        .mapToObj(i -> maps.slice(0, i, i + 1).toF32())
                        .toArray(Tensor[]::new);
                UniformQuantizer one =
                    SiteGrids.fit(
                        name,
                        task.ops().concat(0, own),
                        Shape.of(),
                        IntFormat.asymmetric(b),
                        search,
                        task.ops());
                scales[head] = one.scales().item();
                zeroPoints[head] = Objects.requireNonNull(one.zeroPoints()).item();
              }
              quantizers.put(
                  site,
                  UniformQuantizer.asymmetric(
                      b, Tensor.of(scales, heads, 1, 1), Tensor.of(zeroPoints, heads, 1, 1)));
            });
  }
}
