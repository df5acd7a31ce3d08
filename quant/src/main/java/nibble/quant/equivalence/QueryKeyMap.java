package nibble.quant.equivalence;

import nibble.nn.ResidualStructure.Attention;
import nibble.nn.ResidualStructure.HeadRows;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A map of every key head against its query heads. As row vectors {@code q' = q A} and {@code k' =
 * k A^-T}, so that {@code q' k'^T = q k^T}:
 *
 * <pre>{@code
 * Q_g' = A^T Q_g for every query head g of the group of key head h        K_h' = A^-1 K_h        biases alike
 * }</pre>
 *
 * <p>Rotary positions turn pairs of channels between the layers and the product; only a map that
 * commutes with that is exact, so it scales both channels of a pair alike. Rows of a weight mostly
 * have grids of their own, which do not mind a scale: then only matrices change what rounding does.
 */
record QueryKeyMap(Attention attention, HeadMatrix matrix) implements HeadMap {
  @Override
  public void register(PartParameters parameters) {
    parameters.add(attention.queries().linear());
    parameters.add(attention.keys().linear());
  }

  @Override
  public void apply(Ops ops, PartParameters parameters, double progress) {
    Tensor a = matrix.matrix(ops, progress);
    int shared = attention.heads() / attention.keyValueHeads();
    HeadRows queries = attention.queries();
    HeadRows keys = attention.keys();
    HeadMap.mapRows(
        ops,
        parameters,
        queries.linear(),
        new RowsByHead(queries.first(), queries.step(), shared),
        ops.permute(a, 0, 2, 1));
    HeadMap.mapRows(
        ops,
        parameters,
        keys.linear(),
        new RowsByHead(keys.first(), keys.step(), 1),
        ops.custom(new MatrixInverse(), a));
  }
}
