package nibble.tensor;

import java.util.Arrays;
import java.util.function.LongConsumer;

/** Index arithmetic of strided memory. Strides and offsets count elements. */
final class Strided {
  private Strided() {}

  static boolean isRowMajor(Shape shape, long[] strides) {
    long expected = 1;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      if (shape.dim(axis) != 1 && strides[axis] != expected) {
        return false;
      }
      expected *= shape.dim(axis);
    }
    return true;
  }

  /** {@code dims} with a -1 worked out, checked to hold the elements of {@code shape}. */
  static Shape reshaped(Shape shape, int... dims) {
    int[] result = dims.clone();
    int open = -1;
    long known = 1;
    for (int axis = 0; axis < dims.length; axis++) {
      if (dims[axis] == -1 && open < 0) {
        open = axis;
      } else {
        known = Math.multiplyExact(known, dims[axis]);
      }
    }
    if (open >= 0 && known > 0 && shape.size() % known == 0) {
      result[open] = Math.toIntExact(shape.size() / known);
      known = shape.size();
    }
    if (known != shape.size() || Arrays.stream(result).anyMatch(d -> d < 0)) {
      throw new IllegalArgumentException(
          "a tensor %s cannot become %s".formatted(shape, Arrays.toString(dims)));
    }
    return Shape.of(result);
  }

  /** Calls {@code action} with the memory index of every element in row-major order. */
  static void forEach(Shape shape, long[] strides, long offset, LongConsumer action) {
    if (shape.size() > 0) {
      forEach(shape, strides, 0, offset, action);
    }
  }

  private static void forEach(
      Shape shape, long[] strides, int axis, long offset, LongConsumer action) {
    if (axis == shape.rank()) {
      action.accept(offset);
      return;
    }
    for (int i = 0; i < shape.dim(axis); i++) {
      forEach(shape, strides, axis + 1, offset + i * strides[axis], action);
    }
  }

  /** Writes the strided elements of {@code from} row-major to {@code to}. */
  static void copy(
      float[] from, int fromOffset, long[] strides, Shape shape, float[] to, int toOffset) {
    if (shape.size() == 0) {
      return;
    }
    if (isRowMajor(shape, strides)) {
      System.arraycopy(from, fromOffset, to, toOffset, (int) shape.size());
      return;
    }
    copy(from, fromOffset, strides, shape, 0, to, toOffset, (int) shape.size());
  }

  /** {@code size} is the number of elements from {@code axis} on. */
  private static void copy(
      float[] from, int at, long[] strides, Shape shape, int axis, float[] to, int toAt, int size) {
    int count = shape.dim(axis);
    int stride = (int) strides[axis];
    if (axis < shape.rank() - 1) {
      int inner = size / count;
      for (int i = 0; i < count; i++) {
        copy(from, at + i * stride, strides, shape, axis + 1, to, toAt + i * inner, inner);
      }
    } else if (stride == 1) {
      System.arraycopy(from, at, to, toAt, count);
    } else {
      for (int i = 0; i < count; i++) {
        to[toAt + i] = from[at + i * stride];
      }
    }
  }
}
