package nibble.quant.fqvit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.site.StoredFunction;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Symmetry;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.model.SampleBatches;
import nibble.quant.model.SiteFitting;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.quant.range.SomeRows;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * FQ-ViT: quantizes also what LayerNorm reads, with a power of two for each channel, and attention
 * probabilities to 4-bit powers of two.
 *
 * <p>Lin, Zhang, Sun, Li, Zhou: <a href="https://arxiv.org/abs/2111.13824">arXiv:2111.13824</a>
 * (IJCAI 2022), after the authors' code.
 *
 * <pre>{@code
 * weights         symmetric, s = 2 max|w| / (2^b - 1), one a row
 * activations     asymmetric, one scale a tensor, min-max
 * residual stream s 2^(a - 3) for each channel, a in 0 .. 3, one zero point: see PowerOfTwoFactors
 * probabilities   2^-k, k from the leading bits of round(1 / p): see LogIntSoftmax
 * }</pre>
 *
 * <p>Linear layers run as integers. LayerNorm, softmax and the products of attention compute in
 * float on the quantized values: the authors' integer LayerNorm and exponential are not executed
 * here. Ranges are fitted in one pass of one batch, each site seeing quantized inputs before it.
 */
public final class FqVit implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "fq-vit",
          "FQ-ViT",
          "Lin, Zhang, Sun, Li, Zhou: arXiv:2111.13824",
          "some samples, no labels, no training",
          "vision transformers at W8A8 where the residual stream has 8 bits too",
          FqVitOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; stream, q, k, v and probabilities quantized"
                  + " in float",
              "W2..8A16"));

  private static final int MOST_ROWS = 4096;

  private static final RowRounding WEIGHTS =
      new RowRounding(Symmetry.SYMMETRIC_OFFSET, RangeSearch.MIN_MAX);

  private final FqVitOptions options;

  /** With the given knobs. */
  public FqVit(FqVitOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static FqVit of(OptionValues values) {
    return new FqVit(FqVitOptions.of(values));
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
    task.progress().begin("calibrate", 1, "passes");
    Map<Site, SiteFunction> fitted =
        SiteFitting.fit(
            task.ops(),
            task.model(),
            SampleBatches.one(task.samples(), options.images()),
            fitters(task));
    task.progress().to(1, "");
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    fitted.forEach(
        (site, function) -> {
          if (function instanceof StoredFunction quantizer) {
            quantizers.put(site, quantizer);
          }
        });
    for (Site stream : ActivationSite.streams(task.model())) {
      StoredFunction quantizer = quantizers.get(stream);
      if (quantizer != null) {
        stream.append(quantizer);
      }
    }
    return MethodReport.of(ModelExecution.install(task.model(), quantizers, WEIGHTS.codes(task)));
  }

  private Map<Site, SiteFitting.Fitter> fitters(ModelTask task) {
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    for (Site stream : ActivationSite.streams(task.model())) {
      task.activations(stream)
          .ifPresent(
              scheme -> fitters.put(stream, x -> stream(task, stream, x, scheme.format().bits())));
    }
    for (ActivationSite site : ActivationSite.of(task.model())) {
      task.activations(site.site())
          .ifPresent(scheme -> fitters.put(site.site(), x -> activation(task, site, x, scheme)));
    }
    fitters.putAll(WEIGHTS.fitters(task));
    return fitters;
  }

  private StoredFunction stream(ModelTask task, Site site, Tensor x, int bits) {
    return options.ptf()
        ? PowerOfTwoFactors.fit(SomeRows.of(x, MOST_ROWS), bits, task.ops())
        : SiteGrids.fit(
            site.name(),
            x,
            Shape.of(),
            IntFormat.asymmetric(bits),
            RangeSearch.MIN_MAX,
            task.ops());
  }

  private StoredFunction activation(
      ModelTask task, ActivationSite site, Tensor x, ActivationScheme scheme) {
    return site.role() == ActivationSite.Role.PROBABILITIES
        ? LogIntSoftmax.grid(options.softmaxBits(), options.zero())
        : SiteGrids.fit(
            site.name(),
            x,
            Shape.of(),
            IntFormat.asymmetric(scheme.format().bits()),
            options.range().search(),
            task.ops());
  }
}
