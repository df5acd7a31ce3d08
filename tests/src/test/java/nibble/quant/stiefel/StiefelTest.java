package nibble.quant.stiefel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import nibble.quant.linalg.Qr;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps stay on the manifold, go down, and go where the gradient of the manifold points. */
class StiefelTest {
  private static final CayleySgd ITERATED = new CayleySgd(0, 5);

  private static double[] gaussian(int n, long seed) {
    return new Random(seed).doubles((long) n * n).map(u -> 2 * u - 1).toArray();
  }

  private static double[] orthogonal(int n, long seed) {
    return Qr.of(gaussian(n, seed), n, n).q();
  }

  private static StiefelRule.Moved step(
      StiefelRule rule, double[] p, double[] g, int n, double rate) {
    return rule.step(p, g, n, rate, StiefelRule.Memory.none(n));
  }

  /** With no gradient of its own a step goes on with a share of the one before. */
  @Property(tries = 30)
  void momentumGoesOnWithTheStepBefore(
      @ForAll @IntRange(min = 2, max = 6) int n, @ForAll long seed) {
    CayleySgd rule = new CayleySgd(0.6, 0);
    StiefelRule.Moved first =
        rule.step(orthogonal(n, seed), gaussian(n, ~seed), n, 0.1, StiefelRule.Memory.none(n));
    double[] moved = rule.step(first.matrix(), new double[n * n], n, 0.1, first.memory()).matrix();
    double[] share =
        SquareMatrix.plus(
            new double[n * n], -0.6, SquareMatrix.transposed(first.memory().first(), n));
    double[] expected =
        CayleySgd.EXACT.step(first.matrix(), share, n, 0.1, StiefelRule.Memory.none(n)).matrix();
    assertArrayEquals(expected, moved, 1e-12);
    double change = 0;
    for (int i = 0; i < moved.length; i++) {
      change = Math.max(change, Math.abs(moved[i] - first.matrix()[i]));
    }
    assertTrue(change > 1e-4, "moved by " + change);
  }

  @Property(tries = 200)
  void theExactStepIsOrthogonal(
      @ForAll @IntRange(min = 1, max = 24) int n,
      @ForAll long seed,
      @ForAll @DoubleRange(max = 1e6) double rate) {
    double[] moved =
        step(CayleySgd.EXACT, orthogonal(n, seed), gaussian(n, ~seed), n, rate).matrix();
    assertTrue(
        SquareMatrix.deviation(moved, n) < 1e-10, "deviation " + SquareMatrix.deviation(moved, n));
  }

  @Property(tries = 200)
  void otherStepsAreOrthogonal(
      @ForAll @IntRange(min = 1, max = 24) int n,
      @ForAll long seed,
      @ForAll @DoubleRange(max = 10) double rate,
      @ForAll boolean adam) {
    StiefelRule rule = adam ? RiemannianAdam.DEFAULTS : ITERATED;
    double[] p = orthogonal(n, seed);
    StiefelRule.Memory memory = StiefelRule.Memory.none(n);
    for (int i = 0; i < 5; i++) {
      StiefelRule.Moved moved = rule.step(p, gaussian(n, seed + i + 1), n, rate, memory);
      p = moved.matrix();
      memory = moved.memory();
    }
    assertTrue(SquareMatrix.deviation(p, n) < 1e-5, "deviation " + SquareMatrix.deviation(p, n));
  }

  /**
   * For a small step five iterations are the Cayley transform: the rest is {@code (t |S| / 2)^6} of
   * it.
   */
  @Property(tries = 100)
  void theFixedPointAgreesWithTheExactStep(
      @ForAll @IntRange(min = 2, max = 16) int n, @ForAll long seed) {
    double[] p = orthogonal(n, seed);
    double[] g = gaussian(n, ~seed);
    double rate = 0.05 / SquareMatrix.columnNorm(g, n);
    assertArrayEquals(
        step(CayleySgd.EXACT, p, g, n, rate).matrix(),
        step(ITERATED, p, g, n, rate).matrix(),
        1e-7);
  }

  @Property(tries = 50)
  void noRateMovesNothing(
      @ForAll @IntRange(min = 1, max = 12) int n, @ForAll long seed, @ForAll boolean adam) {
    double[] p = orthogonal(n, seed);
    StiefelRule rule = adam ? RiemannianAdam.DEFAULTS : CayleySgd.EXACT;
    assertArrayEquals(p, step(rule, p, gaussian(n, ~seed), n, 0).matrix());
  }

  /**
   * Of {@code f(P) = <G, P>}: the change along the step is minus the rate times the squared norm of
   * the gradient in the tangent space.
   */
  @Property(tries = 100)
  void stepsAgreeWithFiniteDifferences(
      @ForAll @IntRange(min = 2, max = 12) int n, @ForAll long seed) {
    double[] p = orthogonal(n, seed);
    double[] g = gaussian(n, ~seed);
    double[] tangent = RiemannianAdam.tangent(p, g, n);
    double square = Arrays.stream(tangent).map(v -> v * v).sum();
    double rate = 1e-6;
    double change = dot(g, step(CayleySgd.EXACT, p, g, n, rate).matrix()) - dot(g, p);
    assertEquals(-rate * square, change, 1e-4 * rate * square + 1e-14);
    double norm = Math.sqrt(square / n);
    double adam = dot(g, step(RiemannianAdam.DEFAULTS, p, g, n, rate).matrix()) - dot(g, p);
    assertEquals(-rate * square / norm, adam, 1e-4 * rate * square / norm + 1e-14);
  }

  /** {@code P^T T} is skew for a tangent T, and projecting twice is projecting once. */
  @Property(tries = 100)
  void theProjectionIsTangent(@ForAll @IntRange(min = 1, max = 12) int n, @ForAll long seed) {
    double[] p = orthogonal(n, seed);
    double[] tangent = RiemannianAdam.tangent(p, gaussian(n, ~seed), n);
    double[] inner = SquareMatrix.product(SquareMatrix.transposed(p, n), tangent, n);
    assertArrayEquals(
        new double[n * n], SquareMatrix.plus(inner, 1, SquareMatrix.transposed(inner, n)), 1e-12);
    assertArrayEquals(tangent, RiemannianAdam.tangent(p, tangent, n), 1e-12);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /**
   * {@code |P A - B|^2} with {@code B = P* A}: both rules reach P*, Cayley descent without a step
   * back.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aToyLossLeadsToItsMinimum(boolean adam) {
    int n = 8;
    double[] goal = orthogonal(n, 5);
    double[] start =
        step(CayleySgd.EXACT, goal, gaussian(n, 6), n, 0.5)
            .matrix(); // a rotation away, so in the same component
    Tensor a = Tensor.of(floats(gaussian(n, 7)), n, n);
    Tensor b = Tensor.of(floats(SquareMatrix.product(goal, doubles(a.toFloats()), n)), n, n);
    StiefelParameter p = StiefelParameter.of("p", n, start);
    StiefelOptimizer optimizer =
        adam
            ? new StiefelOptimizer(RiemannianAdam.DEFAULTS, 0.05, List.of(p))
            : new StiefelOptimizer(CayleySgd.EXACT, 0.1, List.of(p));
    try (Ops ops = Ops.serial()) {
      double last = Double.POSITIVE_INFINITY;
      for (int i = 0; i < 400; i++) {
        optimizer.clearGrads();
        Tensor loss = ops.sum(ops.square(ops.sub(ops.matmul(p.leaf(), a), b)));
        assertTrue(
            adam || loss.item() <= last + 1e-4,
            "step %d: %s after %s".formatted(i, loss.item(), last));
        last = loss.item();
        ops.backward(loss);
        optimizer.step(adam ? 1 - i / 400.0 : 1);
      }
      assertTrue(last < 1e-3, "the loss ended at " + last);
      assertArrayEquals(goal, p.matrix(0), 0.02);
    }
  }

  /** Several matrices of one parameter move as each of them alone. */
  @Test
  void severalMatricesMoveApart() {
    int n = 4;
    StiefelParameter both =
        StiefelParameter.of("both", n, new double[][] {orthogonal(n, 1), orthogonal(n, 2)});
    StiefelParameter second = StiefelParameter.of("second", n, orthogonal(n, 2));
    Tensor g = Tensor.of(floats(gaussian(n, 3)), n, n);
    try (Ops ops = Ops.serial()) {
      ops.backward(ops.sum(ops.mul(ops.slice(both.leaf(), 0, 1, 2), ops.reshape(g, 1, n, n))));
      ops.backward(ops.sum(ops.mul(second.leaf(), g)));
    }
    new StiefelOptimizer(CayleySgd.EXACT, 0.3, List.of(both, second)).step(1);
    assertArrayEquals(orthogonal(n, 1), both.matrix(0), 1e-14);
    assertArrayEquals(second.matrix(0), both.matrix(1));
    assertArrayEquals(floats(second.matrix(0)), both.leaf().slice(0, 1, 2).toFloats());
    assertTrue(both.deviation() < 1e-12);
  }

  @Test
  void whatIsNotOrthogonalIsRefused() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> StiefelParameter.of("layers.0.r", 2, new double[] {1, 0.01, 0, 1}))
            .getMessage();
    assertTrue(message.contains("'layers.0.r' is not orthogonal"), message);
    assertThrows(IllegalArgumentException.class, () -> StiefelParameter.of("p", 3, new double[4]));
  }

  private static float[] floats(double[] values) {
    float[] result = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }

  private static double[] doubles(float[] values) {
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i];
    }
    return result;
  }
}
