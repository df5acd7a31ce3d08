package nibble.quant.mptqvit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.site.LevelQuantizer;
import nibble.nn.site.StoredFunction;
import nibble.quant.fold.ChannelFold;
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
import nibble.quant.range.TwinGrid;
import nibble.quant.sensitivity.LayerGroup;
import nibble.quant.sensitivity.SensitivityTable;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * MPTQ-ViT: smoothing with a bias behind LayerNorm, two uniform grids behind GELU whose ratio is a
 * power of two from data, and bits of single layers by a greedy choice.
 *
 * <p>Tai, Wu: <a href="https://arxiv.org/abs/2401.14895">arXiv:2401.14895</a> (2024). Only the
 * abstract and a table of results were read: the formulas are inferred, as the classes say; the
 * base is PTQ4ViT.
 *
 * <pre>{@code
 * SQ-b      centres and scales of channels, folded into LayerNorm and weights (SmoothBias)
 * OPT-m     s- = 0.16997 / 2^(b-1), s+ = 2^m s-;  or s+ from the range, s- = s+ / 2^m;   m = 0 .. 10 by the error of the layer's output
 * softmax   small values k p / (Q - 1), large ones k / (Q - 1), p = 2^-i by the squared error
 * others    one symmetric grid a tensor; weights symmetric rows
 * bits      GreedyBits, if above and below allow it
 * }</pre>
 *
 * <p>Linear layers run as integers, except those behind GELU, whose two grids are computed in
 * float, like q, k, v and the probabilities.
 */
public final class MptqVit implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "mptq-vit",
          "MPTQ-ViT",
          "Tai, Wu: arXiv:2401.14895 (formulas inferred)",
          "32 samples, no labels, no training",
          "vision transformers at W6A6 and W5A5; set above and below for mixed precision",
          MptqVitOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; inputs after GELU, q, k, v and probabilities"
                  + " quantized in float",
              "W2..8A16"));

  private static final int MOST_RATIO = 10;
  private static final int MOST_SPLIT = 19;
  private static final int ROWS = 512;
  private static final int MOST_ROWS = 4096;

  private static final RowRounding WEIGHTS =
      new RowRounding(Symmetry.SYMMETRIC, RangeSearch.SHRINK);

  private final MptqVitOptions options;

  /** With the given knobs. */
  public MptqVit(MptqVitOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static MptqVit of(OptionValues values) {
    return new MptqVit(MptqVitOptions.of(values));
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
    Map<String, Double> facts = new LinkedHashMap<>();
    if (options.smooth()) {
      smooth(task);
    }
    ModelTask mixed = options.above() > 0 || options.below() > 0 ? mixed(task, facts) : task;
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    for (ActivationSite site : ActivationSite.of(mixed.model())) {
      mixed
          .activations(site.site())
          .ifPresent(
              scheme ->
                  fitters.put(
                      site.site(), x -> quantizer(mixed.ops(), site, scheme.format().bits(), x)));
    }
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    mixed.progress().begin("calibrate", 1, "passes");
    Map<Site, SiteFunction> fitted =
        SiteFitting.fit(
            mixed.ops(),
            mixed.model(),
            SampleBatches.one(mixed.samples(), options.images()),
            fitters);
    fitted.forEach((site, function) -> quantizers.put(site, (StoredFunction) function));
    mixed.progress().to(1, "");
    return new MethodReport(
        ModelExecution.install(mixed.model(), quantizers, WEIGHTS.codes(mixed)), facts, List.of());
  }

  private void smooth(ModelTask task) {
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    Map<Site, SmoothBias> found = new LinkedHashMap<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      boolean quantized = task.activations(site.site()).isPresent();
      if (quantized
          && !site.readers().isEmpty()
          && ChannelFold.norm(task.model(), site.site(), true).isPresent()) {
        fitters.put(
            site.site(),
            x -> {
              found.put(
                  site.site(),
                  SmoothBias.of(x.toFloats(), columns(site.readers()), options.alpha()));
              return (ops, y) -> y;
            });
      }
    }
    if (!fitters.isEmpty()) {
      Map<Site, SiteFunction> _ =
          SiteFitting.fit(
              task.ops(),
              task.model(),
              SampleBatches.one(task.samples(), options.images()),
              fitters);
    }
    found.forEach(
        (site, change) -> {
          boolean _ = ChannelFold.apply(task.model(), site, change.factors(), change.shifts());
        });
  }

  /** Largest magnitude of each column over all layers. */
  private static float[] columns(List<Linear> linears) {
    float[] largest = new float[linears.getFirst().in()];
    for (Linear linear : linears) {
      float[] w = linear.weight().peek().toFloats();
      for (int i = 0; i < w.length; i++) {
        largest[i % largest.length] = Math.max(largest[i % largest.length], Math.abs(w[i]));
      }
    }
    return largest;
  }

  private ModelTask mixed(ModelTask task, Map<String, Double> facts) {
    List<LayerGroup> groups = LayerGroup.of(task);
    Map<String, Integer> changes =
        GreedyBits.choose(
            SensitivityTable.measure(
                task, groups, -options.below(), options.above(), options.sensitivityImages()),
            options.above());
    changes.forEach(
        (name, change) ->
            facts.put("mptq-vit." + name + ".bits", (double) (LayerGroup.bits(task) + change)));
    return LayerGroup.withBits(task, groups, changes);
  }

  private StoredFunction quantizer(Ops ops, ActivationSite site, int bits, Tensor x) {
    if (site.role() == ActivationSite.Role.PROBABILITIES) {
      return probabilities(bits, x.toFloats());
    }
    Tensor some = SomeRows.of(x, MOST_ROWS);
    StoredFunction uniform =
        SiteGrids.fit(
            site.name(), some, Shape.of(), IntFormat.symmetric(bits), RangeSearch.SHRINK, ops);
    return options.ratio() && !site.readers().isEmpty() && TwinGrid.isAfterGelu(some.toFloats())
        ? afterGelu(ops, site, bits, SomeRows.of(x, ROWS), uniform)
        : uniform;
  }

  /**
   * OPT-m: the best of all ratios, and of one symmetric grid, by the output of the layers that read
   * it.
   */
  static StoredFunction afterGelu(
      Ops ops, ActivationSite site, int bits, Tensor x, StoredFunction uniform) {
    float fixed = (float) (TwinGrid.GELU_DEPTH / (1 << (bits - 1)));
    float largest = Float.MIN_NORMAL;
    for (float value : x.toFloats()) {
      largest = Math.max(largest, value);
    }
    float covering = largest / ((1 << (bits - 1)) - 1);
    StoredFunction best = uniform;
    double least = outputError(ops, site, x, uniform);
    for (int m = 0; m <= MOST_RATIO; m++) {
      float ratio = 1 << m;
      for (LevelQuantizer candidate :
          List.of(
              TwinGrid.signs(bits, ratio * fixed, fixed),
              TwinGrid.signs(bits, covering, covering / ratio))) {
        double error = outputError(ops, site, x, candidate);
        if (error < least) {
          least = error;
          best = candidate;
        }
      }
    }
    return best;
  }

  /** What the layers that read a site lose by its quantizer, in float weights. */
  static double outputError(Ops ops, ActivationSite site, Tensor x, StoredFunction quantizer) {
    double sum = 0;
    try (var inference = ops.noGrad();
        Scope scope = ops.scope()) {
      Tensor difference = ops.sub(quantizer.apply(ops, x), x);
      for (Linear linear : site.readers()) {
        sum +=
            ops.sum(ops.square(ops.linear(difference, linear.weight().peek().toF32(), null)))
                .item();
      }
    }
    return sum;
  }

  private static StoredFunction probabilities(int bits, float[] x) {
    LevelQuantizer best = TwinGrid.probabilities(bits, 1);
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i <= MOST_SPLIT; i++) {
      LevelQuantizer candidate = TwinGrid.probabilities(bits, Math.pow(2, -i));
      double error = 0;
      for (float value : x) {
        double e = (double) value - candidate.fakeQuantize(value);
        error += e * e;
      }
      if (error < least) {
        least = error;
        best = candidate;
      }
    }
    return best;
  }
}
