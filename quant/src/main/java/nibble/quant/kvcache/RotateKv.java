package nibble.quant.kvcache;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.parallel.Scratch;
import nibble.nn.cache.CacheFormat;
import nibble.nn.cache.CacheShape;
import nibble.nn.cache.KeyRotation;
import nibble.nn.cache.TokenGroups;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;

/**
 * RotateKV: keys of neighbouring heads are turned together before positions, their channels ordered
 * by their level, and quantized per token in groups; values are turned per head; sinks stay in
 * float.
 *
 * <p>Su and others, <a href="https://arxiv.org/abs/2501.16383">arXiv:2501.16383</a>, with the
 * authors' code.
 *
 * <p>Differs: the scale has {@code 2^b - 1} steps (the code divides by {@code b^2 - 1}, the same at
 * 2 bits only); channels are ordered among the heads that are turned together (there: among all);
 * the change of keys and values is not folded into weights but done when they are stored, so that
 * it stands behind packed weights; sinks are the first tokens (there: the tokens with the 20
 * largest entries of a layer's input in the prompt, which would make a token's codes depend on what
 * follows it).
 */
public final class RotateKv implements ModelMethod {
  /** Bit widths that have a name in the catalogue. */
  public static final List<Integer> WIDTHS = List.of(4, 3, 2);

  private static final int LARGEST_GROUP = 128;

  private final int bits;
  private final int together;
  private final int group;
  private final int sinks;
  private final double clip;
  private final String order;
  private final int tokens;

  private RotateKv(int bits, OptionValues values) {
    this.bits = bits;
    together = values.integer("kv-heads-together");
    group = values.integer("kv-group");
    sinks = values.integer("kv-sinks");
    clip = values.number("kv-clip");
    order = values.word("kv-order");
    tokens = values.integer("kv-tokens");
    if (together < 1 || group < 0 || sinks < 0 || tokens < 1 || !(clip > 0 && clip <= 1)) {
      throw new IllegalArgumentException(
          "kv-heads-together and kv-tokens must be positive, kv-group and kv-sinks not negative,"
              + " kv-clip above 0 and at most 1; "
              + "found %d, %d, %d, %d and %s".formatted(together, tokens, group, sinks, clip));
    }
  }

  /** What the catalogue shows of {@code bits} bits. */
  public static MethodCard card(int bits) {
    return new MethodCard(
        "rotatekv" + bits,
        "RotateKV, " + bits + " bits",
        "Su and others 2025, arXiv:2501.16383",
        "calibration texts",
        "when the cache has to go to 2 bits and the keys have outlier channels",
        List.of(
            MethodOption.integer(
                "kv-heads-together",
                4,
                "heads of keys that are turned together; fewer where they do not divide the heads"
                    + " (paper: 4)"),
            MethodOption.integer(
                "kv-group",
                0,
                "channels that share a range; 0 for those of a head, at most 128 (paper: 128, which"
                    + " its heads have)"),
            MethodOption.integer(
                "kv-sinks",
                4,
                "first tokens of a sequence that stay in float (paper: tokens with massive"
                    + " activations)"),
            MethodOption.number(
                "kv-clip",
                bits == 2 ? 0.8 : 1.0,
                "share of the range that is kept (paper: 0.8 at 2 bits, else 1)"),
            MethodOption.choice(
                "kv-order",
                "sum",
                List.of("sum", "absolute", "none"),
                "channels are ordered by their sum over tokens (paper), by that of their "
                    + "absolute values, or left"),
            MethodOption.integer(
                "kv-tokens", 4096, "tokens of the calibration texts that are looked at")),
        List.of("codes of a cache that attention reads tile by tile: KV2, KV3, KV4"));
  }

  /** Makes the method from options as the catalogue resolves them. */
  public static Function<OptionValues, ModelMethod> of(int bits) {
    return values -> new RotateKv(bits, values);
  }

  @Override
  public String name() {
    return "rotatekv" + bits;
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
        CacheSamples.record(task.ops(), language, task.samples().inputs(), 0, tokens);
    Map<String, KeyRotation> rotations = new LinkedHashMap<>();
    language
        .blocks()
        .forEach(
            block -> {
              CacheSamples own = samples.get(block.name());
              if (own == null) {
                throw new IllegalStateException("no samples of '" + block.name() + "'");
              }
              rotations.put(block.name(), rotation(own, CacheLayers.shape(block)));
            });
    return CacheLayers.install(
        name(),
        task.model(),
        block -> {
          KeyRotation rotation = rotations.get(block.name());
          if (rotation == null) {
            throw new IllegalStateException("no samples of '" + block.name() + "'");
          }
          return format(rotation, CacheLayers.shape(block));
        });
  }

  private CacheFormat format(KeyRotation rotation, CacheShape shape) {
    int headGroup = shape.headDim() % LARGEST_GROUP == 0 ? LARGEST_GROUP : shape.headDim();
    int keyGroup = group != 0 ? group : headGroup;
    int valueGroup = Math.min(keyGroup, headGroup);
    return new CacheFormat(
        new TokenGroups(bits, keyGroup, (float) clip),
        new TokenGroups(bits, valueGroup, (float) clip),
        sinks,
        0,
        true,
        Optional.of(rotation),
        true);
  }

  private KeyRotation rotation(CacheSamples samples, CacheShape shape) {
    int heads = Math.min(together, shape.heads());
    while (shape.heads() % heads != 0 || !HadamardTransform.isSupported(heads * shape.headDim())) {
      heads--;
      if (heads == 0) {
        throw new IllegalArgumentException(
            "there is no Hadamard matrix for heads of %d channels; choose kv%d or kvquant%d"
                .formatted(shape.headDim(), bits, bits));
      }
    }
    if (order.equals("none")) {
      return KeyRotation.inOrder(shape, heads);
    }
    double[] level = levels(samples, shape, heads);
    int size = heads * shape.headDim();
    int[] channels = new int[shape.width()];
    for (int first = 0; first < channels.length; first += size) {
      int[] own =
          IntStream.range(first, first + size)
              .boxed()
              .sorted(Comparator.comparingDouble(c -> level[c]))
              .mapToInt(c -> c)
              .toArray();
      System.arraycopy(own, 0, channels, first, size);
    }
    return new KeyRotation(heads, shape.headDim(), channels);
  }

  /** Sum over tokens of each turned channel. */
  private double[] levels(CacheSamples samples, CacheShape shape, int heads) {
    HadamardTransform transform = HadamardTransform.of(heads * shape.headDim());
    Scratch scratch = new Scratch();
    double[] level = new double[shape.width()];
    for (int t = 0; t < samples.keys().count(); t++) {
      float[] row = Arrays.copyOf(samples.keys().row(t), level.length);
      transform.forward(shape.heads() / heads, row, 0, scratch);
      for (int c = 0; c < row.length; c++) {
        level[c] += order.equals("absolute") ? Math.abs(row[c]) : row[c];
      }
    }
    return level;
  }
}
