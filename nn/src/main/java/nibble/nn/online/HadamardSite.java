package nibble.nn.online;

import java.util.Optional;
import java.util.OptionalLong;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.lowbit.RowMap;
import nibble.kernels.parallel.Scratch;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code x <- H (d x) / sqrt(n)} along the last axis, with signs {@code d} or without: QuaRot's R4
 * in front of the second feed-forward layer.
 *
 * <p>QuaRot has no signs here. With them the mean of the activations, which is not zero after a
 * GELU, is spread over all channels instead of being gathered in the first.
 */
public final class HadamardSite implements OnlineTransform {
  static final String KIND = "hadamard";

  private final HadamardTransform transform;
  private final OptionalLong signSeed;
  private final float @Nullable [] signs;

  /**
   * Without signs.
   *
   * @param size channels of the last axis
   * @throws IllegalArgumentException when no Hadamard matrix of this size is known
   */
  public HadamardSite(int size) {
    this(size, OptionalLong.empty());
  }

  /**
   * @param size channels of the last axis
   * @param signSeed of the signs, see {@link RandomSigns}; empty for none
   * @throws IllegalArgumentException when no Hadamard matrix of this size is known
   */
  public HadamardSite(int size, OptionalLong signSeed) {
    transform = HadamardTransform.of(size);
    this.signSeed = signSeed;
    signs = signSeed.isPresent() ? RandomSigns.of(size, signSeed.getAsLong()) : null;
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
  public OptionalLong signSeed() {
    return signSeed;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(new OrthogonalRows(this::rows, this::transposedRows), x);
  }

  @Override
  public Optional<RowMap> rowMap() {
    return Optional.of(this::row);
  }

  private void row(int n, float[] x, int xAt, float[] row, Scratch scratch) {
    if (n != size()) {
      throw new IllegalArgumentException("expected rows of " + size() + " channels, found " + n);
    }
    System.arraycopy(x, xAt, row, 0, n);
    forward(1, row, 0, scratch);
  }

  private void rows(Ops ops, Tensor x) {
    InPlace.rows(ops, x, size(), this::forward);
  }

  private void forward(int rows, float[] values, int offset, Scratch scratch) {
    multiplySigns(rows, values, offset);
    transform.forward(rows, values, offset, scratch);
  }

  private void transposedRows(Ops ops, Tensor x) {
    InPlace.rows(
        ops,
        x,
        size(),
        (rows, values, offset, scratch) -> {
          transform.transposed(rows, values, offset, scratch);
          multiplySigns(rows, values, offset);
        });
  }

  private void multiplySigns(int rows, float[] values, int offset) {
    float[] d = signs;
    if (d == null) {
      return;
    }
    for (int row = 0; row < rows; row++) {
      int at = offset + row * d.length;
      for (int i = 0; i < d.length; i++) {
        values[at + i] *= d[i];
      }
    }
  }
}
