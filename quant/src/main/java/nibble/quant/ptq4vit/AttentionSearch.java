package nibble.quant.ptq4vit;

import nibble.nn.site.LevelQuantizer;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.fisher.AttentionSamples;
import nibble.quant.range.TwinGrid;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Quantizers of both products of an attention layer: query and key in turn by their product,
 * probabilities and then values by theirs.
 */
final class AttentionSearch {
  private static final int SPLITS = 20;

  private final Ops ops;
  private final Ptq4VitOptions options;
  private final Candidates candidates;
  private final AttentionSamples samples;

  AttentionSearch(Ops ops, AttentionSamples samples, Ptq4VitOptions options) {
    this.ops = ops;
    this.samples = samples;
    this.options = options;
    candidates = new Candidates(options.candidates(), options.low(), options.high());
  }

  /** Quantizers of two operands. */
  record Pair(StoredFunction left, StoredFunction right) {}

  /** Query and key. */
  Pair scores(int queryBits, int keyBits) {
    OutputDistance distance =
        OutputDistance.of(
            ops.matmulTransposed(samples.query(), samples.key()), samples.scoreGradient());
    SymmetricGrid queryGrid = new SymmetricGrid(queryBits);
    SymmetricGrid keyGrid = new SymmetricGrid(keyBits);
    float firstQuery = first(queryGrid, samples.query());
    float firstKey = first(keyGrid, samples.key());
    float query = firstQuery;
    float key = firstKey;
    for (int round = 0; round < options.rounds(); round++) {
      Tensor k = keyGrid.fakeQuantize(samples.key(), key);
      query =
          better(
              query,
              candidates.best(
                  firstQuery, s -> scores(distance, queryGrid.fakeQuantize(samples.query(), s), k)),
              scores(distance, queryGrid.fakeQuantize(samples.query(), query), k));
      Tensor q = queryGrid.fakeQuantize(samples.query(), query);
      key =
          better(
              key,
              candidates.best(
                  firstKey, s -> scores(distance, q, keyGrid.fakeQuantize(samples.key(), s))),
              scores(distance, q, keyGrid.fakeQuantize(samples.key(), key)));
    }
    return new Pair(
        UniformQuantizer.symmetric(queryBits, Tensor.scalar(query)),
        UniformQuantizer.symmetric(keyBits, Tensor.scalar(key)));
  }

  private static float better(float present, Candidates.Found found, double presentDistance) {
    return found.distance() < presentDistance ? found.scale() : present;
  }

  private double scores(OutputDistance distance, Tensor q, Tensor k) {
    try (Scope scope = ops.scope()) {
      return distance.to(ops.matmulTransposed(q, k));
    }
  }

  /** Probabilities and values. */
  Pair context(int probabilityBits, int valueBits) {
    OutputDistance distance =
        OutputDistance.of(
            ops.matmul(samples.probabilities(), samples.value()), samples.contextGradient());
    StoredFunction probabilities =
        options.twin() ? twin(probabilityBits, distance) : uniform(probabilityBits, distance);
    Tensor p = probabilities.apply(ops, samples.probabilities());
    SymmetricGrid grid = new SymmetricGrid(valueBits);
    Candidates.Found value =
        candidates.best(
            first(grid, samples.value()),
            s -> context(distance, p, grid.fakeQuantize(samples.value(), s)));
    return new Pair(
        probabilities, UniformQuantizer.symmetric(valueBits, Tensor.scalar(value.scale())));
  }

  private LevelQuantizer twin(int bits, OutputDistance distance) {
    int best =
        Candidates.least(
            SPLITS,
            i ->
                context(
                    distance,
                    TwinGrid.probabilities(bits, Math.pow(2, -i))
                        .apply(ops, samples.probabilities()),
                    samples.value()));
    return TwinGrid.probabilities(bits, Math.pow(2, -best));
  }

  private UniformQuantizer uniform(int bits, OutputDistance distance) {
    SymmetricGrid grid = new SymmetricGrid(bits);
    Candidates.Found found =
        candidates.best(
            first(grid, samples.probabilities()),
            s -> context(distance, grid.fakeQuantize(samples.probabilities(), s), samples.value()));
    return UniformQuantizer.symmetric(bits, Tensor.scalar(found.scale()));
  }

  private double context(OutputDistance distance, Tensor p, Tensor v) {
    try (Scope scope = ops.scope()) {
      return distance.to(ops.matmul(p, v));
    }
  }

  private static float first(SymmetricGrid grid, Tensor x) {
    float[] values = x.toFloats();
    return grid.first(values, 0, values.length);
  }
}
