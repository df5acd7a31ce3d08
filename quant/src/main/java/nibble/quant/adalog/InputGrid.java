package nibble.quant.adalog;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import nibble.nn.site.LevelQuantizer;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.range.AdaLogTable;
import nibble.quant.range.LogGrid;
import nibble.quant.range.Quantiles;
import nibble.quant.range.SquaredError;
import nibble.quant.range.TwinGrid;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The search for one quantizer of a tensor: uniform and asymmetric, or logarithmic with a shift for
 * values after GELU.
 */
final class InputGrid {
  /** The shift that makes GELU's values positive. */
  static final float SHIFT = (float) TwinGrid.GELU_DEPTH;

  private static final int RANGES = 8;
  private static final int ZERO_POINTS = 16;

  private final Ops ops;
  private final Tensor x;
  private final Maker maker;
  private final List<Fpcs.Pair> seeds;

  /** The quantizer of a pair; null where there is none. */
  private interface Maker {
    @Nullable StoredFunction of(Fpcs.Pair pair);
  }

  private InputGrid(Ops ops, Tensor x, Maker maker, List<Fpcs.Pair> seeds) {
    this.ops = ops;
    this.x = x;
    this.maker = maker;
    this.seeds = seeds;
  }

  /**
   * Uniform: scales of eight ranges between quantiles, each with sixteen zero points around its
   * own.
   */
  static InputGrid uniform(Ops ops, Tensor x, int bits) {
    int most = (1 << bits) - 1;
    List<Fpcs.Pair> seeds = new ArrayList<>();
    Quantiles quantiles = new Quantiles(x.toFloats());
    for (int i = 0; i < RANGES; i++) {
      double p = 0.9 + 0.1 * i / (RANGES - 1);
      float low = Math.min(0, quantiles.at(1 - p));
      float high = Math.max(0, quantiles.at(p));
      float scale = Math.max((high - low) / most, Float.MIN_NORMAL);
      int zero = Math.clamp(Math.round(-low / scale), 0, most);
      for (int z = zero - ZERO_POINTS / 2; z <= zero + ZERO_POINTS / 2; z++) {
        seeds.add(new Fpcs.Pair(scale, z));
      }
    }
    return new InputGrid(
        ops,
        x,
        pair -> pair.integer() < 0 || pair.integer() > most ? null : uniform(bits, pair),
        seeds);
  }

  private static UniformQuantizer uniform(int bits, Fpcs.Pair pair) {
    return UniformQuantizer.asymmetric(
        bits, Tensor.scalar(pair.scale()), Tensor.scalar(pair.integer()));
  }

  /** Logarithmic with a shift: scales of eight high quantiles, each with sixteen bases. */
  static InputGrid afterGelu(Ops ops, Tensor x, int bits, LogGrid.Zero zero) {
    List<Fpcs.Pair> seeds = new ArrayList<>();
    Quantiles quantiles = new Quantiles(x.toFloats());
    for (int i = 0; i < RANGES; i++) {
      float scale = quantiles.at(0.99 + 0.01 * i / (RANGES - 1)) + SHIFT;
      for (int q = AdaLogTable.LEAST_Q;
          scale > 0 && q <= AdaLogTable.LARGEST_Q;
          q += (AdaLogTable.LARGEST_Q - AdaLogTable.LEAST_Q) / ZERO_POINTS) {
        seeds.add(new Fpcs.Pair(scale, q));
      }
    }
    return new InputGrid(ops, x, pair -> logarithmic(bits, pair, zero), seeds);
  }

  private static @Nullable LevelQuantizer logarithmic(int bits, Fpcs.Pair pair, LogGrid.Zero zero) {
    boolean known =
        pair.integer() >= AdaLogTable.LEAST_Q && pair.integer() <= AdaLogTable.LARGEST_Q;
    return known
        ? new AdaLogTable(bits, pair.integer()).quantizer(pair.scale(), -SHIFT, zero).orElse(null)
        : null;
  }

  /** The pair with the least squared error of the tensor itself. */
  Fpcs.Pair byValues(Fpcs search) {
    return search.search(seeds, scored(quantized -> SquaredError.of(x, quantized)));
  }

  /**
   * The best of a pair and what lies around it, by {@code score} of the quantized tensor; the pair
   * itself stays if nothing is better.
   */
  Fpcs.Pair refined(Fpcs.Pair pair, Fpcs search, ToDoubleFunction<Tensor> score) {
    return search.search(List.of(pair), scored(score));
  }

  private ToDoubleFunction<Fpcs.Pair> scored(ToDoubleFunction<Tensor> score) {
    return pair -> {
      StoredFunction quantizer = maker.of(pair);
      if (quantizer == null) {
        return Double.POSITIVE_INFINITY;
      }
      try (Scope scope = ops.scope()) {
        return score.applyAsDouble(quantizer.apply(ops, x));
      }
    };
  }

  /** The quantizer of a pair that a search returned. */
  StoredFunction quantizer(Fpcs.Pair pair) {
    StoredFunction quantizer = maker.of(pair);
    if (quantizer == null) {
      throw new IllegalStateException("no quantizer for " + pair);
    }
    return quantizer;
  }
}
