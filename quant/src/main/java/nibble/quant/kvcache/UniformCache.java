package nibble.quant.kvcache;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import nibble.nn.cache.CacheFormat;
import nibble.nn.cache.CacheShape;
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
 * Round to nearest for the key-value cache: asymmetric codes per token and head, in groups. With
 * {@code kv-turn} queries, keys and values of each head are turned by a Hadamard matrix first, as
 * QuaRot does (Ashkboos and others, <a
 * href="https://arxiv.org/abs/2404.00456">arXiv:2404.00456</a>, section 4, stages 2b to 2d); there
 * values are turned by folded weights.
 *
 * @param bits 2, 3, 4 or 8
 * @param group channels of a group; 0 for those of a head
 * @param sinks first tokens that stay in float
 * @param window tokens of a block that is read in float
 * @param turn whether heads are turned
 */
public record UniformCache(int bits, int group, int sinks, int window, boolean turn)
    implements ModelMethod {
  /** Bit widths that have a name in the catalogue. */
  public static final List<Integer> WIDTHS = List.of(8, 4, 2);

  private static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "kv-group", 0, "channels of a head that share a range; 0 for all of them"),
          MethodOption.integer("kv-sinks", 0, "first tokens of a sequence that stay in float"),
          MethodOption.integer(
              "kv-window",
              0,
              "a query reads the tokens since the last multiple of this number in float"),
          MethodOption.bool(
              "kv-turn",
              false,
              "turn queries, keys and values of each head by a Hadamard matrix first (QuaRot)"));

  /** What the catalogue shows of {@code bits} bits. */
  public static MethodCard card(int bits) {
    return new MethodCard(
        "kv" + bits,
        "INT" + bits + " key-value cache",
        "round to nearest; turned heads as in QuaRot, arXiv:2404.00456",
        "nothing; behind a method for weights, or alone",
        bits == 8
            ? "when a long context's cache is too large"
            : "when a long context's cache is too large, and the perplexity allows it",
        OPTIONS,
        List.of("codes of a cache that attention reads tile by tile: KV2, KV4, KV8"));
  }

  /** Makes the method from options as the catalogue resolves them. */
  public static Function<OptionValues, ModelMethod> of(int bits) {
    return values ->
        new UniformCache(
            bits,
            values.integer("kv-group"),
            values.integer("kv-sinks"),
            values.integer("kv-window"),
            values.flag("kv-turn"));
  }

  @Override
  public String name() {
    return "kv" + bits;
  }

  @Override
  public DataNeed needs() {
    return DataNeed.NONE;
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
  public double passes(int samples) {
    return 0;
  }

  @Override
  public MethodReport apply(ModelTask task) {
    return CacheLayers.install(name(), task.model(), block -> format(CacheLayers.shape(block)));
  }

  private CacheFormat format(CacheShape shape) {
    TokenGroups codec = new TokenGroups(bits, group == 0 ? shape.headDim() : group, 1);
    return new CacheFormat(codec, codec, sinks, window, false, Optional.empty(), turn);
  }
}
