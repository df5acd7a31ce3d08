package nibble.quant.equivalence;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** A map of the channels of every head. */
interface HeadMap extends LearnedMap {
  /** The matrices. */
  HeadMatrix matrix();

  @Override
  default List<Tensor> leaves() {
    return List.of(matrix().leaf());
  }

  @Override
  default void project() {
    matrix().project();
  }

  @Override
  default void neutralise() {
    matrix().neutralise();
  }

  /** Weight and bias of {@code linear} with the rows of every head multiplied. */
  static void mapRows(
      Ops ops, PartParameters parameters, Linear linear, RowsByHead rows, Tensor matrix) {
    parameters.map(linear.weight(), w -> ops.custom(rows, w, matrix));
    Parameter bias = linear.bias();
    if (bias != null) {
      parameters.map(
          bias, b -> ops.reshape(ops.custom(rows, ops.reshape(b, -1, 1), matrix), linear.out()));
    }
  }
}
