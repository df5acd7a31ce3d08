package nibble.quant.tuning;

import java.util.Arrays;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.quant.rotation.Orthogonal;
import nibble.quant.stiefel.StiefelParameter;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Learned rotations as changes of weights. Vectors are rows, weights {@code [out, in]}:
 *
 * <pre>{@code
 * stream h -> h R        embeddings e R;   readers W R;   writers R^T W, b R
 * values of a head       W_v <- R^T W_v, b_v <- b_v R    for the rows of each key head;   W_o <- W_o R for the columns of each query head
 * }</pre>
 */
final class Rotations {
  private Rotations() {}

  /**
   * The matrix of {@link Orthogonal#random}. Row {@code i} is the image of unit vector {@code i}.
   */
  static double[] random(int size, long seed) {
    return matrix(Orthogonal.random(size, seed));
  }

  /** The matrix {@code M} with {@code map(x) = x M}. */
  static double[] matrix(Orthogonal map) {
    int n = map.size();
    double[] matrix = new double[n * n];
    for (int i = 0; i < n; i++) {
      matrix[i * n + i] = 1;
      map.apply(matrix, i * n);
    }
    return matrix;
  }

  /** R1. Norms must be plain. */
  static void stream(ChangingWeights weights, ResidualStructure structure, StiefelParameter r) {
    structure.embeddings().forEach(e -> weights.add(e, (ops, w) -> rows(ops, w, r.leaf())));
    for (ResidualStructure.Reader reader : structure.readers()) {
      reader.linears().forEach(l -> weights.add(l.weight(), (ops, w) -> ops.matmul(w, r.leaf())));
    }
    for (Linear writer : structure.writers()) {
      weights.add(writer.weight(), (ops, w) -> ops.matmul(ops.permute(r.leaf(), 1, 0), w));
      Parameter bias = writer.bias();
      if (bias != null) {
        weights.add(bias, (ops, b) -> rows(ops, b, r.leaf()));
      }
    }
  }

  /** Every row of the last axis times {@code r}. */
  private static Tensor rows(Ops ops, Tensor w, Tensor r) {
    return ops.reshape(ops.matmul(ops.reshape(w, -1, w.dim(-1)), r), w.shape().dims());
  }

  /** R2. {@code r} is one matrix for all heads of the layer, or one for each key head. */
  static void values(
      ChangingWeights weights, ResidualStructure.Attention attention, StiefelParameter r) {
    ValuePath path = new ValuePath(attention);
    Linear values = attention.values().linear();
    WeightChange change =
        (ops, w) -> path.onValueRows(ops, w, part -> ops.matmul(transposed(ops, r.leaf()), part));
    weights.add(values.weight(), change);
    @Nullable Parameter bias = values.bias();
    if (bias != null) {
      weights.add(
          bias,
          (ops, b) -> ops.reshape(change.apply(ops, ops.reshape(b, -1, 1)), b.shape().dims()));
    }
    weights.add(
        attention.output().weight(),
        (ops, w) -> path.onOutputColumns(ops, w, part -> ops.matmul(part, r.leaf())));
  }

  private static Tensor transposed(Ops ops, Tensor r) {
    int[] axes = r.rank() == 2 ? new int[] {1, 0} : new int[] {0, 2, 1};
    return ops.permute(r, Arrays.copyOf(axes, axes.length));
  }
}
