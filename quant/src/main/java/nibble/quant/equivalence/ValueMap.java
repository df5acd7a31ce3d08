package nibble.quant.equivalence;

import nibble.nn.ResidualStructure.Attention;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A map of every value head and its inverse in the output projection. As row vectors {@code v' = v
 * A^-1}; softmax mixes tokens, not channels, so it passes:
 *
 * <pre>{@code
 * V_h' = A^-T V_h      b_h' = A^-T b_h         O_g' = O_g A^T   for every query head g of the group of key head h
 * }</pre>
 */
record ValueMap(Attention attention, HeadMatrix matrix) implements HeadMap {
  @Override
  public void register(PartParameters parameters) {
    parameters.add(attention.values().linear());
    parameters.add(attention.output());
  }

  @Override
  public void apply(Ops ops, PartParameters parameters, double progress) {
    Tensor a = matrix.matrix(ops, progress);
    Tensor inverse = ops.permute(ops.custom(new MatrixInverse(), a), 0, 2, 1);
    HeadMap.mapRows(
        ops,
        parameters,
        attention.values().linear(),
        new RowsByHead(attention.values().first(), attention.values().step(), 1),
        inverse);
    RowsByHead columns =
        new RowsByHead(0, attention.headDim(), attention.heads() / attention.keyValueHeads());
    parameters.map(
        attention.output().weight(),
        w -> ops.permute(ops.custom(columns, ops.permute(w, 1, 0), a), 1, 0));
  }

  /** Scales that balance the channels of the output projection's input with its columns. */
  void start(ChannelRanges ranges, double alpha) {
    int d = attention.headDim();
    int shared = attention.heads() / attention.keyValueHeads();
    float[] columns = ColumnMaxima.of(attention.output());
    float[] factors = new float[attention.keyValueHeads() * d];
    for (int i = 0; i < factors.length; i++) {
      double x = 0;
      double w = 0;
      for (int head = i / d * shared; head < (i / d + 1) * shared; head++) {
        x = Math.max(x, ranges.largest(head * d + i % d));
        w = Math.max(w, columns[head * d + i % d]);
      }
      factors[i] = BlockMaps.balance(x, w, alpha);
    }
    matrix.setDiagonal(factors);
  }
}
