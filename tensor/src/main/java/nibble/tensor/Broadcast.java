package nibble.tensor;

import java.util.Arrays;

/**
 * Two row-major operands lined up with the shape they broadcast to. Neighbouring axes on which both
 * advance alike are merged, so the last axis is as long as can be.
 *
 * @param dims merged dimensions of the result; at least one
 * @param a strides of the first operand, 0 where it repeats
 * @param b strides of the second operand
 */
record Broadcast(int[] dims, int[] a, int[] b) {

  /** The common shape: axes line up at the end, and a dimension 1 repeats. */
  static Shape shape(Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    int[] dims = new int[rank];
    for (int i = 1; i <= rank; i++) {
      int first = i <= a.rank() ? a.dim(-i) : 1;
      int second = i <= b.rank() ? b.dim(-i) : 1;
      if (first != second && first != 1 && second != 1) {
        throw new IllegalArgumentException(
            "shapes %s and %s do not broadcast: %d against %d".formatted(a, b, first, second));
      }
      dims[rank - i] = first == 1 ? second : first;
    }
    return Shape.of(dims);
  }

  /** Strides with which a row-major tensor {@code from} is read as {@code to}. */
  static long[] strides(Shape from, Shape to) {
    if (!shape(from, to).equals(to)) {
      throw new IllegalArgumentException(
          "a tensor %s does not broadcast to %s".formatted(from, to));
    }
    long[] own = from.rowMajorStrides();
    long[] result = new long[to.rank()];
    for (int i = 1; i <= from.rank(); i++) {
      result[to.rank() - i] = from.dim(-i) == 1 ? 0 : own[from.rank() - i];
    }
    return result;
  }

  static Broadcast of(Shape a, Shape b, Shape out) {
    long[] aStrides = strides(a, out);
    long[] bStrides = strides(b, out);
    int[] dims = new int[out.rank() + 1];
    int[] first = new int[dims.length];
    int[] second = new int[dims.length];
    int count = 0;
    for (int axis = 0; axis < out.rank(); axis++) {
      int dim = out.dim(axis);
      if (dim == 1) {
        continue;
      }
      boolean merge =
          count > 0
              && first[count - 1] == dim * aStrides[axis]
              && second[count - 1] == dim * bStrides[axis];
      int at = merge ? count - 1 : count++;
      dims[at] = merge ? dims[at] * dim : dim;
      first[at] = (int) aStrides[axis];
      second[at] = (int) bStrides[axis];
    }
    if (count == 0) {
      dims[count++] = (int) out.size();
    }
    return new Broadcast(
        Arrays.copyOf(dims, count), Arrays.copyOf(first, count), Arrays.copyOf(second, count));
  }

  /** Elements of the last merged axis. */
  int inner() {
    return dims[dims.length - 1];
  }

  /** Rows of {@link #inner} elements. */
  int outer() {
    int product = 1;
    for (int i = 0; i < dims.length - 1; i++) {
      product *= dims[i];
    }
    return product;
  }

  int aInner() {
    return a[a.length - 1];
  }

  int bInner() {
    return b[b.length - 1];
  }

  /** Where row {@code row} of an operand with these strides begins. */
  int rowStart(int row, int[] strides) {
    int at = 0;
    int rest = row;
    for (int axis = dims.length - 2; axis >= 0; axis--) {
      at += rest % dims[axis] * strides[axis];
      rest /= dims[axis];
    }
    return at;
  }
}
