package nibble.nn.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Objects;
import java.util.Random;
import nibble.kernels.parallel.WorkSplitter;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Optimizers against the formulas of their papers, evaluated in double. */
class OptimizerTest {
  private final Ops ops = Ops.serial();

  /** Gives {@code parameter} the gradient {@code values}. */
  private void grad(Tensor parameter, float... values) {
    parameter.clearGrad();
    ops.backward(ops.sum(ops.mul(parameter, Tensor.of(values, values.length))));
  }

  @Test
  void adamWFollowsThePaper() {
    Tensor w = Tensor.of(new float[] {1, -2}, 2).requireGrad();
    AdamW optimizer = new AdamW(AdamWOptions.DEFAULTS, ParameterGroup.of("all", 0.1, 0.05, w));
    double[] m = new double[2];
    double[] v = new double[2];
    double[] expected = {1, -2};
    float[][] gradients = {{0.5f, -1}, {0.25f, 3}, {-2, 0}, {1, 1}};
    for (int t = 1; t <= gradients.length; t++) {
      double factor = 1.0 / t;
      grad(w, gradients[t - 1]);
      optimizer.step(ops.splitter(), factor);
      for (int i = 0; i < 2; i++) {
        double g = gradients[t - 1][i];
        m[i] = 0.9 * m[i] + 0.1 * g;
        v[i] = 0.999 * v[i] + 0.001 * g * g;
        double rate = 0.1 * factor;
        expected[i] =
            expected[i] * (1 - rate * 0.05)
                - rate
                    * (m[i] / (1 - Math.pow(0.9, t)))
                    / (Math.sqrt(v[i] / (1 - Math.pow(0.999, t))) + 1e-8);
        assertEquals(expected[i], w.get(i), 2e-6, "step " + t);
      }
    }
  }

  @Test
  void theFirstAdamStepIsTheRateTimesTheSign() {
    Tensor w = Tensor.of(new float[] {1, 1}, 2).requireGrad();
    grad(w, 1e-3f, -50);
    new AdamW(AdamWOptions.DEFAULTS, ParameterGroup.of("all", 0.01, 0, w)).step(ops.splitter(), 1);
    assertArrayEquals(new float[] {0.99f, 1.01f}, w.toFloats(), 1e-6f);
  }

  @Test
  void groupsHaveTheirOwnRateAndDecay() {
    Tensor fast = Tensor.of(new float[] {1}, 1).requireGrad();
    Tensor slow = Tensor.of(new float[] {1}, 1).requireGrad();
    Tensor idle = Tensor.of(new float[] {1}, 1).requireGrad();
    AdamW optimizer =
        new AdamW(
            AdamWOptions.DEFAULTS,
            ParameterGroup.of("fast", 0.1, 0, fast),
            ParameterGroup.of("slow", 0.01, 0.5, slow, idle));
    grad(fast, 1);
    grad(slow, 1);
    optimizer.step(ops.splitter(), 1);
    assertEquals(0.9, fast.item(), 1e-6);
    assertEquals(1 - 0.01 * 0.5 - 0.01, slow.item(), 1e-6);
    assertEquals(1, idle.item()); // no gradient, no decay
    optimizer.clearGrads();
    assertNull(fast.grad());
    assertEquals(List.of(fast, slow, idle), optimizer.parameters());
  }

  @Test
  void sgdWithMomentumFollowsItsFormula() {
    Tensor w = Tensor.of(new float[] {1}, 1).requireGrad();
    Sgd optimizer = new Sgd(0.9, ParameterGroup.of("all", 0.1, 0.01, w));
    double expected = 1;
    double u = 0;
    for (float g : new float[] {1, -0.5f, 2}) {
      grad(w, g);
      optimizer.step(ops.splitter(), 1);
      u = 0.9 * u + g + 0.01 * expected;
      expected -= 0.1 * u;
      assertEquals(expected, w.item(), 1e-6);
    }
  }

  @Test
  void parametersThatCannotLearnAreRejected() {
    assertThrows(
        IllegalArgumentException.class, () -> ParameterGroup.of("frozen", 0.1, 0, Tensor.zeros(2)));
    assertThrows(
        IllegalArgumentException.class,
        () -> ParameterGroup.of("negative", -0.1, 0, Tensor.zeros(2).requireGrad()));
    assertThrows(IllegalArgumentException.class, () -> new AdamWOptions(1, 0.9, 1e-8));
    assertThrows(IllegalArgumentException.class, () -> new Sgd(1));
  }

  @Test
  void clippingScalesToTheNormOnce() {
    Tensor a = Tensor.of(new float[2], 2).requireGrad();
    Tensor b = Tensor.of(new float[1], 1).requireGrad();
    Tensor none = Tensor.of(new float[1], 1).requireGrad();
    grad(a, 3, 0);
    grad(b, 4);
    List<Tensor> all = List.of(a, b, none);
    assertEquals(5, GradientClip.byGlobalNorm(all, 10), 1e-6);
    assertEquals(3, Objects.requireNonNull(a.grad()).get(0));
    assertEquals(5, GradientClip.byGlobalNorm(all, 1), 1e-6);
    assertArrayEquals(new float[] {0.6f, 0}, Objects.requireNonNull(a.grad()).toFloats(), 1e-6f);
    assertEquals(0.8, Objects.requireNonNull(b.grad()).item(), 1e-6);
    grad(b, Float.NaN);
    assertEquals(Double.NaN, GradientClip.byGlobalNorm(all, 0.1));
    assertEquals(0.6f, Objects.requireNonNull(a.grad()).get(0), 1e-6);
  }

  @Test
  void updatesDoNotDependOnTheNumberOfThreads() {
    float[] start = new float[100_000];
    Random random = new Random(1);
    for (int i = 0; i < start.length; i++) {
      start[i] = (float) random.nextGaussian();
    }
    float[][] results = new float[2][];
    for (int workers = 1; workers <= 2; workers++) {
      try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
        Tensor w = Tensor.of(start.clone(), start.length).requireGrad();
        AdamW optimizer =
            new AdamW(
                AdamWOptions.DEFAULTS.withBetas(0.9, 0.95), ParameterGroup.of("all", 0.1, 0.01, w));
        for (int step = 0; step < 3; step++) {
          grad(w, start);
          optimizer.step(splitter, 1);
        }
        results[workers - 1] = w.toFloats();
      }
    }
    assertArrayEquals(results[0], results[1]);
  }
}
