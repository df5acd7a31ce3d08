package nibble.quant.kvcache;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import nibble.nn.cache.CacheFormat;
import nibble.nn.cache.CacheShape;
import nibble.nn.cache.ChannelLevels;
import nibble.nn.cache.Levels;
import nibble.nn.cache.TokenLevels;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.tensor.Tensor;

/**
 * KVQuant: keys before positions with a range for each channel, values with a range for each token,
 * levels that are not uniform, outliers and first tokens in float.
 *
 * <p>Hooper and others, <a href="https://arxiv.org/abs/2401.18079">arXiv:2401.18079</a>, section 3.
 *
 * <pre>{@code
 * t = 1 - f / 2      f: share of outliers
 * keys:    lo, hi = quantiles 1 - t and t of channel c       u = (k - (hi + lo) / 2) / ((hi - lo) / 2)
 * values:  lo, hi = least and largest of the token without its f / 2 smallest and largest
 * levels = weighted k-means of u, weights (dL/dx)^2, 2^b centres, one set of keys and one of values in a layer
 * Q-Norm:  level' = level s1 / s2 + m1 - m2 s1 / s2     m, s: mean and standard deviation of u and of its levels
 * }</pre>
 *
 * <p>L is the cross-entropy of the next token on the calibration texts in the float model. K-means
 * starts from equally spaced levels (the reference: k-means++). Outliers of keys are at most {@code
 * ceil(f width)} a token, the farthest (the reference has a cap of 21 on each side of 4096).
 * Calibration takes float keys of {@link ModelTask#floatModel()}.
 */
public final class KvQuant implements ModelMethod {
  /** Bit widths that have a name in the catalogue. */
  public static final List<Integer> WIDTHS = List.of(4, 3, 2);

  private final int bits;
  private final double outliers;
  private final int sinks;
  private final boolean uniform;
  private final boolean qNorm;
  private final int iterations;
  private final int tokens;

  private KvQuant(int bits, OptionValues values) {
    this.bits = bits;
    outliers = values.number("kv-outliers");
    sinks = values.integer("kv-sinks");
    uniform = values.word("kv-levels").equals("uniform");
    qNorm = values.flag("kv-q-norm");
    iterations = values.integer("kv-iterations");
    tokens = values.integer("kv-tokens");
    if (!(outliers >= 0 && outliers <= 1) || iterations < 0 || tokens < 2 || sinks < 0) {
      throw new IllegalArgumentException(
          "kv-outliers must be 0 to 1, kv-iterations and kv-sinks not negative, kv-tokens at least 2; found %s, %d, %d and %d"
              .formatted(outliers, iterations, sinks, tokens));
    }
  }

  /** What the catalogue shows of {@code bits} bits. */
  public static MethodCard card(int bits) {
    return new MethodCard(
        "kvquant" + bits,
        "KVQuant, " + bits + " bits",
        "Hooper and others 2024, arXiv:2401.18079",
        "calibration texts; gradients of the float model",
        "when the cache has to go below 4 bits",
        List.of(
            MethodOption.number(
                "kv-outliers", 0.01, "share of each vector that stays in float (paper: 0.01)"),
            MethodOption.integer(
                "kv-sinks", 1, "first tokens of a sequence that stay in float (paper: 1)"),
            MethodOption.choice(
                "kv-levels",
                "nuq",
                List.of("nuq", "uniform"),
                "levels by weighted k-means, or equally spaced"),
            MethodOption.bool(
                "kv-q-norm",
                bits == 2,
                "keep mean and deviation of the calibration data (paper: helps at 2 bits)"),
            MethodOption.integer("kv-iterations", 50, "most steps of k-means (paper: 50)"),
            MethodOption.integer(
                "kv-tokens",
                4096,
                "tokens of the calibration texts that are looked at (paper: 32768)")),
        List.of("codes of a cache that attention reads tile by tile: KV2, KV3, KV4"));
  }

  /** Makes the method from options as the catalogue resolves them. */
  public static Function<OptionValues, ModelMethod> of(int bits) {
    return values -> new KvQuant(bits, values);
  }

  @Override
  public String name() {
    return "kvquant" + bits;
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  @Override
  public MethodPlace place() {
    return MethodPlace.MEND;
  }

  @Override
  public boolean mendsFloat() {
    return true;
  }

  @Override
  public MethodReport apply(ModelTask task) {
    var language = CacheLayers.languageModel(name(), task.floatModel().get());
    Map<String, CacheSamples> samples =
        CacheSamples.record(task.ops(), language, task.samples().inputs(), sinks, tokens);
    Map<String, CacheFormat> formats = new LinkedHashMap<>();
    language
        .blocks()
        .forEach(
            block -> {
              CacheSamples own = samples.get(block.name());
              if (own == null || own.keys().count() < 2) {
                throw new IllegalArgumentException(
                    "the calibration texts have fewer than 2 tokens behind the %d that stay in float; pass longer ones"
                        .formatted(sinks));
              }
              formats.put(block.name(), format(own, CacheLayers.shape(block)));
            });
    return CacheLayers.install(
        name(),
        task.model(),
        block -> {
          CacheFormat format = formats.get(block.name());
          if (format == null) {
            throw new IllegalStateException("no samples of '" + block.name() + "'");
          }
          return format;
        });
  }

  private CacheFormat format(CacheSamples samples, CacheShape shape) {
    int width = shape.width();
    float[] offset = new float[width];
    float[] range = new float[width];
    for (int c = 0; c < width; c++) {
      float[] channel = new float[samples.keys().count()];
      for (int t = 0; t < channel.length; t++) {
        channel[t] = samples.keys().row(t)[c];
      }
      Arrays.sort(channel);
      float low = channel[(int) Math.floor(outliers / 2 * (channel.length - 1))];
      float high = channel[(int) Math.ceil((1 - outliers / 2) * (channel.length - 1))];
      offset[c] = 0.5f * (high + low);
      range[c] = high > low ? 0.5f * (high - low) : 1;
    }
    LevelFit keys = new LevelFit();
    LevelFit values = new LevelFit();
    int side = (int) Math.round(outliers / 2 * width);
    for (int t = 0; t < samples.keys().count(); t++) {
      for (int c = 0; c < width; c++) {
        keys.add((samples.keys().row(t)[c] - offset[c]) / range[c], samples.keyWeights().row(t)[c]);
      }
      addValues(values, samples.values().row(t), samples.valueWeights().row(t), side);
    }
    int cap = (int) Math.ceil(outliers * width);
    return new CacheFormat(
        new ChannelLevels(
            Tensor.of(offset, width), Tensor.of(range, width), levels(keys), shape.headDim(), cap),
        new TokenLevels(levels(values), shape.headDim(), side),
        sinks,
        0,
        true,
        Optional.empty(),
        false);
  }

  private static void addValues(LevelFit fit, float[] row, float[] weights, int side) {
    float[] sorted = row.clone();
    Arrays.sort(sorted);
    if (2 * side >= row.length) {
      return;
    }
    float low = sorted[side];
    float high = sorted[row.length - 1 - side];
    float half = high > low ? 0.5f * (high - low) : 1;
    for (int c = 0; c < row.length; c++) {
      fit.add((row[c] - 0.5f * (high + low)) / half, weights[c]);
    }
  }

  private Levels levels(LevelFit fit) {
    return fit.levels(bits, uniform ? 0 : iterations, qNorm);
  }
}
