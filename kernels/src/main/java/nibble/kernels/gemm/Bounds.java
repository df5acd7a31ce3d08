package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import nibble.kernels.gemm.Gemm.WeightType;

/** Checks operands once, ahead of the loops. */
final class Bounds {
  private Bounds() {}

  /** Fails unless all elements of a strided matrix lie in its array. */
  static void checkMatrix(
      String name, int length, int offset, int rows, int rowStride, int columns, int columnStride) {
    if (rows < 0 || columns < 0) {
      throw new IllegalArgumentException(
          "%s must not have a negative dimension, was [%d, %d]".formatted(name, rows, columns));
    }
    if (rows == 0 || columns == 0) {
      return;
    }
    long lastRow = (rows - 1L) * rowStride;
    long lastColumn = (columns - 1L) * columnStride;
    long first = offset + Math.min(0, lastRow) + Math.min(0, lastColumn);
    long last = offset + Math.max(0, lastRow) + Math.max(0, lastColumn);
    if (first < 0 || last >= length) {
      throw new IndexOutOfBoundsException(
          "%s [%d, %d] at offset %d with strides %d and %d reaches elements %d to %d of an array of %d"
              .formatted(
                  name, rows, columns, offset, rowStride, columnStride, first, last, length));
    }
  }

  /** Fails unless {@code weights} holds the matrix. */
  static void checkWeights(
      MemorySegment weights, long byteOffset, WeightType type, int out, int in) {
    if (out < 0 || in < 0) {
      throw new IllegalArgumentException(
          "a weight must not have a negative dimension, was [%d, %d]".formatted(out, in));
    }
    long bytes = Math.multiplyExact((long) out * in, (long) type.bytes());
    if (byteOffset < 0 || byteOffset > weights.byteSize() - bytes) {
      throw new IndexOutOfBoundsException(
          "weight [%d, %d] of %s at byte %d takes %d bytes, the segment has %d"
              .formatted(out, in, type, byteOffset, bytes, weights.byteSize()));
    }
  }
}
