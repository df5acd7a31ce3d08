package nibble.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Dimensions of a tensor, outermost first. A scalar has rank 0. Immutable. */
public final class Shape {
  private static final Shape SCALAR = new Shape(new int[0]);

  private final int[] dims;
  private final long size;

  private Shape(int[] dims) {
    this.dims = dims;
    long product = 1;
    for (int dim : dims) {
      if (dim < 0) {
        throw new IllegalArgumentException(
            "a dimension must not be negative: " + Arrays.toString(dims));
      }
      product = Math.multiplyExact(product, dim);
    }
    size = product;
  }

  /** A shape of the given dimensions. */
  public static Shape of(int... dims) {
    return dims.length == 0 ? SCALAR : new Shape(dims.clone());
  }

  /** Number of dimensions. */
  public int rank() {
    return dims.length;
  }

  /**
   * Dimension {@code axis}; negative axes count from the end, so {@code dim(-1)} is the innermost.
   */
  public int dim(int axis) {
    return dims[axis(axis)];
  }

  /** {@code axis} counted from the front; negative axes count from the end. */
  public int axis(int axis) {
    int positive = axis < 0 ? axis + dims.length : axis;
    if (positive < 0 || positive >= dims.length) {
      throw new IndexOutOfBoundsException("axis " + axis + " of a tensor " + this);
    }
    return positive;
  }

  /** Number of elements. */
  public long size() {
    return size;
  }

  /** A copy of the dimensions. */
  public int[] dims() {
    return dims.clone();
  }

  /** The same shape with dimension {@code axis} replaced. */
  public Shape with(int axis, int dim) {
    int[] copy = dims.clone();
    copy[axis(axis)] = dim;
    return new Shape(copy);
  }

  /** Element strides of a row-major tensor of this shape. */
  public long[] rowMajorStrides() {
    long[] strides = new long[dims.length];
    long stride = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= dims[i];
    }
    return strides;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** As in {@code [2, 197, 192]}. */
  @Override
  public String toString() {
    return Arrays.stream(dims)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", ", "[", "]"));
  }
}
