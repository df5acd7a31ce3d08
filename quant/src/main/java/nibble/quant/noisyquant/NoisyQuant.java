package nibble.quant.noisyquant;

import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.site.ChannelShift;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.fold.ChannelFold;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantizedTensor;
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
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * NoisyQuant: adds one fixed random vector to the input of a linear layer before it is quantized,
 * and takes its effect out with the bias.
 *
 * <p>Liu, Yang, Dong, Keutzer, Du, Zhang: <a
 * href="https://arxiv.org/abs/2211.16056">arXiv:2211.16056</a> (CVPR 2023). There is no code of the
 * authors; this follows a note on the paper and a check of its theorem.
 *
 * <pre>{@code
 * N[j] ~ Uniform(-n, n), drawn once for each channel
 * y^ = fq(W) fq(x + N) + (u - fq(W) N)
 * n between 0 and one scale, with the least mean (fq(x + N) - N - x)^2 on calibration data
 * }</pre>
 *
 * <p>Noise moves values that lie near the border of two codes; the expected squared error becomes
 * {@code s^2 / 12} wherever the value lies, at n = s / 2. So it helps where values crowd at borders
 * (after GELU), and n = 0 is found where they do not; at 4 bits that is the rule. The host is
 * linear quantization: weights on a grid for each row and activations on one for the tensor, both
 * with the least squared error of shrinking ranges, asymmetric. Noise behind a LayerNorm is added
 * by its bias, at no cost; elsewhere by a {@link ChannelShift}. Products of attention have no bias,
 * so q, k, v and probabilities get no noise; they are quantized in float.
 */
public final class NoisyQuant implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "noisyquant",
          "NoisyQuant",
          "Liu, Yang, Dong, Keutzer, Du, Zhang: arXiv:2211.16056",
          "32 samples, no labels, no training",
          "vision transformers at W8A8 and W6A6; never worse than its plain host on the calibration"
              + " data",
          NoisyQuantOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in float",
              "W2..8A16"));

  private static final int MOST_ROWS = 2048;

  private static final RowRounding WEIGHTS =
      new RowRounding(Symmetry.ASYMMETRIC, RangeSearch.SHRINK);

  private final NoisyQuantOptions options;

  /** With the given knobs. */
  public NoisyQuant(NoisyQuantOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static NoisyQuant of(OptionValues values) {
    return new NoisyQuant(NoisyQuantOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  /** A quantizer and the noise before it. */
  private record Noisy(UniformQuantizer quantizer, NoiseSearch.Found found) {}

  @Override
  public MethodReport apply(ModelTask task) {
    IdentityHashMap<Site, Noisy> noisy = new IdentityHashMap<>();
    task.progress().begin("calibrate", 1, "passes");
    Map<Site, SiteFunction> fitted =
        SiteFitting.fit(
            task.ops(),
            task.model(),
            SampleBatches.one(task.samples(), options.images()),
            fitters(task, noisy));
    task.progress().to(1, "");
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      @Nullable Noisy n = noisy.get(site.site());
      if (n != null) {
        quantizers.put(site.site(), n.quantizer());
      } else if (fitted.get(site.site()) instanceof StoredFunction plain) {
        quantizers.put(site.site(), plain);
      }
    }
    Map<Linear, QuantizedTensor> codes = WEIGHTS.codes(task);
    Map<String, Double> facts = new LinkedHashMap<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      @Nullable Noisy n = noisy.get(site.site());
      if (n != null) {
        addNoise(task.model(), site.site(), n.found().noise(), codes);
        facts.put("error without noise/" + site.name(), n.found().plainError());
        facts.put("error with noise/" + site.name(), n.found().error());
      }
    }
    return new MethodReport(
        ModelExecution.install(task.model(), quantizers, codes), facts, List.of());
  }

  private Map<Site, SiteFitting.Fitter> fitters(ModelTask task, Map<Site, Noisy> noisy) {
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      task.activations(site.site())
          .ifPresent(
              scheme -> {
                IntFormat format = IntFormat.asymmetric(scheme.format().bits());
                boolean layersQuantized =
                    !site.readers().isEmpty()
                        && site.readers().stream()
                            .allMatch(linear -> task.weights(linear).isPresent());
                fitters.put(
                    site.site(),
                    all -> {
                      Tensor x = SomeRows.of(all, MOST_ROWS);
                      UniformQuantizer plain =
                          SiteGrids.fit(
                              site.name(),
                              x,
                              Tensor.scalar(1).shape(),
                              format,
                              RangeSearch.SHRINK,
                              task.ops());
                      if (!layersQuantized) {
                        return plain;
                      }
                      Noisy found = new Noisy(plain, search(site.name(), x, plain, format, task));
                      noisy.put(site.site(), found);
                      Tensor shift = Tensor.of(found.found().noise(), x.dim(-1));
                      return (ops, in) ->
                          ops.sub(found.quantizer().apply(ops, ops.add(in, shift)), shift);
                    });
              });
    }
    fitters.putAll(WEIGHTS.fitters(task));
    return fitters;
  }

  private NoiseSearch.Found search(
      String name, Tensor x, UniformQuantizer plain, IntFormat format, ModelTask task) {
    Tensor zeroPoints = Objects.requireNonNull(plain.zeroPoints());
    Grid grid = new Grid(format, plain.scales().item(), (int) zeroPoints.item() + format.minCode());
    long seed = task.seed() ^ name.hashCode();
    return new NoiseSearch(options.steps(), options.seeds())
        .search(x.toFloats(), x.dim(-1), grid, seed, task.ops().splitter());
  }

  /**
   * {@code u' = u - fq(W) N}, and N into the normalisation before the layers or into their site.
   */
  private static void addNoise(
      Model model, Site site, float[] noise, Map<Linear, QuantizedTensor> codes) {
    boolean none = true;
    for (float value : noise) {
      none &= value == 0;
    }
    if (none) {
      return;
    }
    ChannelFold.norm(model, site, true)
        .map(Norm::bias)
        .ifPresentOrElse(
            bias -> add(bias, noise),
            () -> site.append(new ChannelShift(Tensor.of(noise.clone(), noise.length))));
    for (Linear linear : model.linears()) {
      if (linear.input() == site) {
        float[] w = Objects.requireNonNull(codes.get(linear)).dequantize();
        float[] less = new float[linear.out()];
        for (int row = 0; row < less.length; row++) {
          double sum = 0;
          for (int j = 0; j < noise.length; j++) {
            sum += (double) w[row * noise.length + j] * noise[j];
          }
          less[row] = (float) -sum;
        }
        add(linear.ensureBias(), less);
      }
    }
  }

  private static void add(Parameter parameter, float[] more) {
    float[] values = parameter.peek().toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] += more[i];
    }
    parameter.set(Tensor.of(values, values.length));
  }
}
