package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.VectorSupport;

/**
 * FP32 matrix products on row-major arrays. All offsets and strides are in elements. {@code out}
 * never overlaps an input.
 *
 * <p>Weights that are used more than once are packed ahead ({@link #pack}); {@link #multiply} then
 * reads them in place. {@link #gemm} takes both operands as they are, with any strides, so it also
 * serves transposed operands and gradients.
 */
public interface Gemm {

  /** Element type of weights that are packed. */
  enum WeightType {
    F32(4),
    F16(2),
    BF16(2);

    private final int bytes;

    WeightType(int bytes) {
      this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
      return bytes;
    }
  }

  /**
   * Packs a weight {@code W [out, in]}, row-major in {@code weights} at {@code byteOffset}, for
   * products {@code x W^T}. The result owns native memory that the garbage collector frees; {@code
   * weights} is not kept. F16 and BF16 weights stay 16 bits wide in the result and are widened as
   * they are read.
   */
  PackedMatrix pack(MemorySegment weights, long byteOffset, WeightType type, int out, int in);

  /**
   * {@code out[r, :] = f(x[r, :] W^T + bias) + residual[r, :]} for {@code rows} rows; {@code
   * epilogue} says which of bias, f and residual there are. One row runs as a matrix-vector
   * product.
   *
   * @param x {@code [rows, in]} with row stride {@code xStride}
   * @param out {@code [rows, out]} with row stride {@code outStride}
   */
  void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      PackedMatrix weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter);

  /**
   * {@code C = alpha A B} or {@code C += alpha A B} with {@code A [m, k]}, {@code B [k, n]}, {@code
   * C [m, n]} on the calling thread. Element {@code (i, j)} of A is {@code a[aOffset + i * aRow + j
   * * aColumn]}; the same for B. C is row-major with row stride {@code cRow}. A transposed operand
   * is one with its two strides exchanged.
   *
   * @param scratch packing buffers; uses float slots 0 and 1, int slot 0 and segment slot 1
   */
  void gemm(
      int m,
      int n,
      int k,
      float alpha,
      float[] a,
      int aOffset,
      int aRow,
      int aColumn,
      float[] b,
      int bOffset,
      int bRow,
      int bColumn,
      boolean accumulate,
      float[] c,
      int cOffset,
      int cRow,
      Scratch scratch);

  /** The same, shared between the threads of {@code splitter}. */
  void gemm(
      int m,
      int n,
      int k,
      float alpha,
      float[] a,
      int aOffset,
      int aRow,
      int aColumn,
      float[] b,
      int bOffset,
      int bRow,
      int bColumn,
      boolean accumulate,
      float[] c,
      int cOffset,
      int cRow,
      WorkSplitter splitter);

  /** The best implementation for this machine. */
  static Gemm best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final Gemm INSTANCE =
        VectorSupport.choose(() -> new VectorGemm(), () -> new ScalarGemm());

    private Best() {}
  }
}
