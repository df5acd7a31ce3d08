package nibble.kernels.attention;

/**
 * Rows of several heads in an array, such as the output of a query projection. Element {@code c} of
 * row {@code row} and head {@code head} of sequence {@code b} is {@code array[offset + b *
 * batchStride + row * rowStride + head * headStride + c]}. A stride of 0 repeats.
 *
 * @param array shared, not copied
 * @param offset of the first element
 * @param batchStride elements from one sequence to the next
 * @param rowStride elements from one row (token) to the next
 * @param headStride elements from one head to the next
 */
public record HeadView(float[] array, int offset, int batchStride, int rowStride, int headStride) {

  /**
   * A contiguous {@code [batch, rows, heads * headDim]} from {@code offset} on: what projections
   * write.
   */
  public static HeadView of(float[] array, int offset, int rows, int heads, int headDim) {
    int width = Math.multiplyExact(heads, headDim);
    return new HeadView(array, offset, Math.multiplyExact(rows, width), width, headDim);
  }

  /** Index of the first element of a row. */
  int at(int b, int row, int head) {
    return offset + b * batchStride + row * rowStride + head * headStride;
  }

  /** Fails unless all rows of {@code width} elements lie in the array. */
  void check(String name, int batch, int rows, int heads, int width) {
    if (batch == 0 || rows == 0 || heads == 0 || width == 0) {
      return;
    }
    long first = offset;
    long last = offset + (width - 1L);
    long[] reaches = {
      (batch - 1L) * batchStride, (rows - 1L) * rowStride, (heads - 1L) * headStride
    };
    for (long reach : reaches) {
      first += Math.min(0, reach);
      last += Math.max(0, reach);
    }
    if (first < 0 || last >= array.length) {
      throw new IndexOutOfBoundsException(
          "%s [%d, %d, %d, %d] at offset %d with strides %d, %d and %d reaches elements %d to %d of an array of %d"
              .formatted(
                  name,
                  batch,
                  rows,
                  heads,
                  width,
                  offset,
                  batchStride,
                  rowStride,
                  headStride,
                  first,
                  last,
                  array.length));
    }
  }
}
