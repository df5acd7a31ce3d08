package nibble.quant.tuning;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import nibble.nn.ResidualStructure;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** The parts of weights that values pass, taken out, changed, and put back; differentiable. */
record ValuePath(ResidualStructure.Attention attention) {

  /**
   * {@code change} of the value rows of {@code w [out, columns]} as {@code [keyValueHeads, headDim,
   * columns]}; the other rows stay.
   */
  Tensor onValueRows(Ops ops, Tensor w, UnaryOperator<Tensor> change) {
    ResidualStructure.HeadRows rows = attention.values();
    int d = attention.headDim();
    int heads = attention.keyValueHeads();
    int out = w.dim(0);
    int columns = w.dim(1);
    if (rows.step() == d) {
      int end = rows.first() + heads * d;
      Tensor values = ops.reshape(ops.slice(w, 0, rows.first(), end), heads, d, columns);
      return joined(
          ops, 0, w, rows.first(), ops.reshape(change.apply(values), heads * d, columns), end);
    }
    Tensor byHead = ops.reshape(w, heads, rows.step(), columns);
    int end = rows.first() + d;
    Tensor changed = change.apply(ops.slice(byHead, 1, rows.first(), end));
    return ops.reshape(joined(ops, 1, byHead, rows.first(), changed, end), out, columns);
  }

  /** {@code w} with what is between {@code from} and {@code to} of an axis replaced. */
  private static Tensor joined(Ops ops, int axis, Tensor w, int from, Tensor middle, int to) {
    List<Tensor> parts = new ArrayList<>();
    if (from > 0) {
      parts.add(ops.slice(w, axis, 0, from));
    }
    parts.add(middle);
    if (to < w.dim(axis)) {
      parts.add(ops.slice(w, axis, to, w.dim(axis)));
    }
    return parts.size() == 1 ? middle : ops.concat(axis, parts.toArray(Tensor[]::new));
  }

  /**
   * {@code change} of the columns of {@code w [out, heads * headDim]} as {@code [keyValueHeads, out
   * * heads / keyValueHeads, headDim]}.
   */
  Tensor onOutputColumns(Ops ops, Tensor w, UnaryOperator<Tensor> change) {
    int out = w.dim(0);
    int d = attention.headDim();
    int keyHeads = attention.keyValueHeads();
    int shared = attention.heads() / keyHeads;
    Tensor byHead = ops.permute(ops.reshape(w, out, keyHeads, shared, d), 1, 0, 2, 3);
    Tensor changed =
        ops.reshape(
            change.apply(ops.reshape(byHead, keyHeads, out * shared, d)), keyHeads, out, shared, d);
    return ops.reshape(ops.permute(changed, 1, 0, 2, 3), w.shape().dims());
  }
}
