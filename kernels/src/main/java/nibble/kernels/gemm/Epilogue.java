package nibble.kernels.gemm;

import nibble.kernels.rowwise.Activation;
import nibble.kernels.rowwise.Activations;
import nibble.kernels.rowwise.Elementwise;
import org.jspecify.annotations.Nullable;

/**
 * What a product with packed weights does to its result before it leaves the cache: {@code out =
 * f(x W^T + bias) + residual}, each part optional. The result has the same bits as the product with
 * its bias followed by {@link Activations#forward} and {@link Elementwise#add}. Arrays are read
 * when the product runs, and not kept.
 *
 * @param bias {@code [out]}, or null
 * @param activation f, or null for the identity
 * @param residual {@code [rows, out]}, or null; does not overlap the output
 * @param residualOffset first element of the residual
 * @param residualStride elements from one row of the residual to the next
 */
public record Epilogue(
    float @Nullable [] bias,
    @Nullable Activation activation,
    float @Nullable [] residual,
    int residualOffset,
    int residualStride) {

  /** Stores the product as it is. */
  public static final Epilogue NONE = new Epilogue(null, null, null, 0, 0);

  /** Adds {@code bias}; null adds nothing. */
  public static Epilogue ofBias(float @Nullable [] bias) {
    return bias == null ? NONE : new Epilogue(bias, null, null, 0, 0);
  }

  /** The same, then {@code f}; null is the identity. */
  public Epilogue then(@Nullable Activation f) {
    return new Epilogue(bias, f, residual, residualOffset, residualStride);
  }

  /** The same, then plus {@code values}. */
  public Epilogue plus(float[] values, int offset, int stride) {
    return new Epilogue(bias, activation, values, offset, stride);
  }

  /**
   * Fails unless all operands of a result {@code [rows, columns]} lie in their arrays, and the
   * residual outside the result.
   */
  @SuppressWarnings("ReferenceEquality") // the same array, not an equal one
  public void check(int rows, int columns, float[] out, int outOffset, int outStride) {
    if (bias != null) {
      Bounds.checkMatrix("bias", bias.length, 0, 1, columns, columns, 1);
    }
    if (residual != null) {
      Bounds.checkMatrix(
          "residual", residual.length, residualOffset, rows, residualStride, columns, 1);
      int last = (rows - 1) * residualStride + columns;
      int outLast = (rows - 1) * outStride + columns;
      if (residual == out
          && residualOffset < outOffset + outLast
          && outOffset < residualOffset + last) {
        throw new IllegalArgumentException(
            "the residual at offset %d overlaps the output at offset %d of the same array"
                .formatted(residualOffset, outOffset));
      }
    }
  }

  /** Whether there is more to do than to add the bias. */
  public boolean isMoreThanBias() {
    return activation != null || residual != null;
  }

  /**
   * Applies all but the bias to part of the result: rows {@code [row, row + rows)}, columns {@code
   * [column, column + columns)}.
   */
  public void finish(
      int row, int rows, int column, int columns, float[] out, int outOffset, int outStride) {
    for (int r = row; r < row + rows; r++) {
      int at = outOffset + r * outStride + column;
      if (activation != null) {
        Activations.best().forward(activation, columns, out, at, out, at);
      }
      if (residual != null) {
        Elementwise.best()
            .add(columns, residual, residualOffset + r * residualStride + column, out, at, out, at);
      }
    }
  }
}
