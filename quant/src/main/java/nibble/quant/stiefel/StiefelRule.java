package nibble.quant.stiefel;

/**
 * How one orthogonal matrix moves along a gradient. Immutable; what a rule remembers of a matrix is
 * in its {@link Memory}.
 */
public sealed interface StiefelRule permits CayleySgd, RiemannianAdam {

  /**
   * What is remembered of one matrix between steps.
   *
   * @param first {@code [n, n]}, a direction
   * @param second a mean square, unused by rules without
   * @param steps so far
   */
  record Memory(double[] first, double second, int steps) {
    static Memory none(int n) {
      return new Memory(new double[n * n], 0, 0);
    }
  }

  /**
   * The matrix after a step, and what is remembered then.
   *
   * @param matrix {@code [n, n]}
   */
  record Moved(double[] matrix, Memory memory) {}

  /**
   * One step.
   *
   * @param p {@code [n, n]}, orthogonal; not changed
   * @param gradient {@code dL/dP [n, n]}, as if elements were free; not changed
   * @param rate at least 0; 0 leaves the matrix as it is
   */
  Moved step(double[] p, double[] gradient, int n, double rate, Memory memory);
}
