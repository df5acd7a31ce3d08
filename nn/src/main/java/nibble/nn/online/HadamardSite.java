package nibble.nn.online;

import nibble.kernels.hadamard.HadamardTransform;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** {@code x <- H x / sqrt(n)} along the last axis: QuaRot's R4 in front of the second feed-forward layer. */
public final class HadamardSite implements OnlineTransform {
  static final String KIND = "hadamard";

  private final HadamardTransform transform;

  /**
   * @param size channels of the last axis
   * @throws IllegalArgumentException when no Hadamard matrix of this size is known
   */
  public HadamardSite(int size) {
    transform = HadamardTransform.of(size);
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public int size() {
    return transform.size();
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(new OrthogonalRows(this::rows, this::transposedRows), x);
  }

  private void rows(Ops ops, Tensor x) {
    InPlace.rows(ops, x, size(), (rows, values, offset, scratch) -> transform.forward(rows, values, offset, scratch));
  }

  private void transposedRows(Ops ops, Tensor x) {
    InPlace.rows(ops, x, size(), (rows, values, offset, scratch) -> transform.transposed(rows, values, offset, scratch));
  }
}
