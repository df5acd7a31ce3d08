package nibble.quant.stiefel;

import java.util.Arrays;
import nibble.tensor.Tensor;

/**
 * One orthogonal matrix {@code [n, n]}, or several of a size, that is learned. The matrices are
 * kept in double; operators see a leaf of differentiation with their F32 values: {@code [n, n]}, or
 * {@code [count, n, n]} where there are several. Changed by a {@link StiefelOptimizer} only. Not
 * thread-safe.
 */
public final class StiefelParameter {
  /**
   * How far {@code P P^T} of a matrix that is handed in may be from the identity, in any element.
   */
  public static final double TOLERANCE = 1e-5;

  private final String name;
  private final int size;
  private final double[][] matrices;
  private final Tensor leaf;

  private StiefelParameter(String name, int size, double[][] matrices, Tensor leaf) {
    this.name = name;
    this.size = size;
    this.matrices = matrices;
    this.leaf = leaf;
  }

  /** One matrix, copied from {@code matrix [size, size]}. */
  public static StiefelParameter of(String name, int size, double[] matrix) {
    return new StiefelParameter(
            name,
            size,
            new double[][] {checked(name, size, matrix)},
            Tensor.zeros(size, size).requireGrad())
        .refreshed();
  }

  /**
   * Several matrices.
   *
   * @param matrices {@code [count][size * size]}, at least one; copied
   * @throws IllegalArgumentException if one is not orthogonal to {@value #TOLERANCE}
   */
  public static StiefelParameter of(String name, int size, double[][] matrices) {
    double[][] copies =
        Arrays.stream(matrices).map(m -> checked(name, size, m)).toArray(double[][]::new);
    return new StiefelParameter(
            name, size, copies, Tensor.zeros(copies.length, size, size).requireGrad())
        .refreshed();
  }

  private static double[] checked(String name, int size, double[] matrix) {
    if (size < 1 || matrix.length != Math.multiplyExact(size, size)) {
      throw new IllegalArgumentException(
          "'%s': expected %d^2 elements, found %d".formatted(name, size, matrix.length));
    }
    double deviation = SquareMatrix.deviation(matrix, size);
    if (!(deviation <= TOLERANCE)) {
      throw new IllegalArgumentException(
          "'%s' is not orthogonal: P P^T differs from the identity by %s"
              .formatted(name, deviation));
    }
    return matrix.clone();
  }

  /** Name for messages and stored states. */
  public String name() {
    return name;
  }

  /** Rows and columns of a matrix. */
  public int size() {
    return size;
  }

  /** Number of matrices. */
  public int count() {
    return matrices.length;
  }

  /** What operators compute with, and where gradients arrive. */
  public Tensor leaf() {
    return leaf;
  }

  /** A copy of one matrix, {@code [size, size]}. */
  public double[] matrix(int index) {
    return matrices[index].clone();
  }

  /** Largest element of {@code |P P^T - I|} over all matrices. */
  public double deviation() {
    return Arrays.stream(matrices)
        .mapToDouble(m -> SquareMatrix.deviation(m, size))
        .max()
        .orElse(0);
  }

  /** Replaces a matrix; it may have drifted, as iterations do, but is not checked. */
  void put(int index, double[] matrix) {
    matrices[index] = matrix;
  }

  /** Brings the leaf up to date. */
  StiefelParameter refreshed() {
    int elements = size * size;
    for (int i = 0; i < matrices.length; i++) {
      for (int j = 0; j < elements; j++) {
        leaf.array()[leaf.offset() + i * elements + j] = (float) matrices[i][j];
      }
    }
    return this;
  }
}
