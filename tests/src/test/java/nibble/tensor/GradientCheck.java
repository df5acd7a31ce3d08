package nibble.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.Arrays;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * Compares derivatives with central differences of {@code L(x) = sum_i r_i f(x)_i}, where r is
 * random.
 *
 * <p>Inputs lie on a grid of 2^-10 and the step h is 2^-6, so {@code x + h} is exact. Two steps are
 * combined, {@code (4 D(h) - D(2h)) / 3}, which leaves a truncation error of order h^4 = 6e-8.
 * Evaluating f in float costs up to a few {@code 2^-24 sum |r f| / h}.
 */
final class GradientCheck {
  private static final float STEP = 0x1p-6f;

  private GradientCheck() {}

  /** Elements on the grid in [low, high). */
  static Tensor random(RandomGenerator random, double low, double high, int... dims) {
    float[] data = new float[(int) Shape.of(dims).size()];
    for (int i = 0; i < data.length; i++) {
      data[i] = (float) Math.rint((low + random.nextDouble() * (high - low)) * 1024) / 1024;
    }
    return Tensor.of(data, dims);
  }

  static void check(
      Ops ops, Function<Tensor[], Tensor> function, RandomGenerator random, Tensor... inputs) {
    for (Tensor input : inputs) {
      input.requireGrad();
    }
    Tensor out = function.apply(inputs);
    Tensor weights = random(random, -1, 1, out.shape().dims());
    ops.backward(ops.sum(ops.mul(out, weights)));
    double noise = 0;
    for (float value : ops.mul(out.detach(), weights).toFloats()) {
      noise += Math.abs(value);
    }
    double tolerance = 8 * 0x1p-24 * noise / STEP;
    for (int i = 0; i < inputs.length; i++) {
      checkInput(ops, function, inputs, weights, i, tolerance);
    }
  }

  private static void checkInput(
      Ops ops,
      Function<Tensor[], Tensor> function,
      Tensor[] inputs,
      Tensor weights,
      int which,
      double noise) {
    Tensor grad = inputs[which].grad();
    assertNotNull(grad, "input " + which + " received no gradient");
    assertEquals(inputs[which].shape(), grad.shape());
    float[] analytic = grad.toFloats();
    for (int j = 0; j < analytic.length; j++) {
      double near = difference(ops, function, inputs, weights, which, j, STEP);
      double far = difference(ops, function, inputs, weights, which, j, 2 * STEP);
      double expected = (4 * near - far) / 3;
      double tolerance = noise + 2e-4 * (1 + Math.abs(expected));
      assertEquals(
          expected,
          analytic[j],
          tolerance,
          "input %d %s element %d, inputs %s"
              .formatted(which, inputs[which].shape(), j, describe(inputs)));
    }
  }

  private static String describe(Tensor[] inputs) {
    return Arrays.stream(inputs).map(t -> t + Arrays.toString(t.toFloats())).toList().toString();
  }

  private static double difference(
      Ops ops,
      Function<Tensor[], Tensor> function,
      Tensor[] inputs,
      Tensor weights,
      int which,
      int element,
      float step) {
    return (value(ops, function, inputs, weights, which, element, step)
            - value(ops, function, inputs, weights, which, element, -step))
        / (2 * step);
  }

  private static double value(
      Ops ops,
      Function<Tensor[], Tensor> function,
      Tensor[] inputs,
      Tensor weights,
      int which,
      int element,
      float step) {
    Tensor[] moved = inputs.clone();
    float[] data = inputs[which].toFloats();
    data[element] += step;
    moved[which] = Tensor.of(data, inputs[which].shape().dims());
    float[] out;
    try (Ops.Mode mode = ops.noGrad()) {
      out = function.apply(moved).toFloats();
    }
    float[] r = weights.toFloats();
    double sum = 0;
    for (int i = 0; i < out.length; i++) {
      sum += (double) out[i] * r[i];
    }
    return sum;
  }
}
