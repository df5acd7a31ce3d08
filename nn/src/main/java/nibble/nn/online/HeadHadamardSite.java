package nibble.nn.online;

import java.util.Optional;
import nibble.kernels.hadamard.HadamardFactor;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.lowbit.RowMap;
import nibble.kernels.parallel.Scratch;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * {@code x <- (H_heads kron I) x / sqrt(heads)} along the last axis, viewed as {@code [heads,
 * headDim]}: the part of QuaRot's R2 that mixes heads and so cannot be folded into the value
 * weights.
 */
public final class HeadHadamardSite implements OnlineTransform {
  static final String KIND = "hadamard_across_heads";

  private final int heads;
  private final float[] matrix;
  private final float[] transposed;

  /**
   * @param heads number of query heads
   * @throws IllegalArgumentException when no Hadamard matrix of this size is known
   */
  public HeadHadamardSite(int heads) {
    this.heads = heads;
    matrix = dense(heads);
    transposed = new float[matrix.length];
    for (int i = 0; i < heads; i++) {
      for (int j = 0; j < heads; j++) {
        transposed[j * heads + i] = matrix[i * heads + j];
      }
    }
  }

  /** {@code (H_K kron H_m) / sqrt(heads)}, the same matrix as {@link HadamardTransform}. */
  private static float[] dense(int heads) {
    int order = HadamardTransform.of(heads).factorOrder();
    HadamardFactor factor = HadamardFactor.of(order).orElseThrow();
    int power = heads / order;
    float scale = (float) (1 / Math.sqrt(heads));
    float[] result = new float[heads * heads];
    for (int i = 0; i < heads; i++) {
      for (int j = 0; j < heads; j++) {
        int sylvester = Integer.bitCount((i % power) & (j % power)) % 2 == 0 ? 1 : -1;
        result[i * heads + j] = scale * sylvester * factor.sign(i / power, j / power);
      }
    }
    return result;
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public int size() {
    return heads;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    checkWidth(x.dim(-1));
    return ops.custom(
        new OrthogonalRows((o, t) -> mix(o, t, matrix), (o, t) -> mix(o, t, transposed)), x);
  }

  @Override
  public Optional<RowMap> rowMap() {
    return Optional.of(
        (n, x, xAt, row, scratch) -> {
          checkWidth(n);
          mixRow(x, xAt, n, matrix, row);
        });
  }

  private void checkWidth(int width) {
    if (width % heads != 0) {
      throw new IllegalArgumentException(
          "rows of %d channels do not consist of %d heads".formatted(width, heads));
    }
  }

  private void mix(Ops ops, Tensor x, float[] weights) {
    int width = x.dim(-1);
    InPlace.rows(
        ops,
        x,
        width,
        (rows, values, offset, scratch) -> mixRows(rows, values, offset, width, weights, scratch));
  }

  private void mixRows(
      int rows, float[] values, int offset, int width, float[] weights, Scratch scratch) {
    float[] mixed = scratch.floats(0, width);
    for (int row = 0; row < rows; row++) {
      int at = offset + row * width;
      mixRow(values, at, width, weights, mixed);
      System.arraycopy(mixed, 0, values, at, width);
    }
  }

  private void mixRow(float[] values, int at, int width, float[] weights, float[] mixed) {
    int headDim = width / heads;
    for (int i = 0; i < heads; i++) {
      mixHead(values, at, headDim, weights, i, mixed);
    }
  }

  private void mixHead(
      float[] values, int at, int headDim, float[] weights, int head, float[] mixed) {
    int to = head * headDim;
    for (int c = 0; c < headDim; c++) {
      mixed[to + c] = 0;
    }
    for (int j = 0; j < heads; j++) {
      float weight = weights[head * heads + j];
      int from = at + j * headDim;
      for (int c = 0; c < headDim; c++) {
        mixed[to + c] += weight * values[from + c];
      }
    }
  }
}
