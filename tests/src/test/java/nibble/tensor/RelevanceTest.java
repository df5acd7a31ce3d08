package nibble.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Relevance that runs back through operators: what goes in comes out. */
class RelevanceTest {
  private final Ops ops = Ops.serial();

  private static Tensor random(long seed, int... dims) {
    return Tensor.of(
        RandomModels.gaussian(new Random(seed), (int) Shape.of(dims).size(), 0.1f, 1), dims);
  }

  /** Relevance {@code r} is put at y. */
  private void backward(Tensor y, Tensor r) {
    float[] c = r.toFloats();
    float[] values = y.toFloats();
    for (int i = 0; i < c.length; i++) {
      c[i] /= values[i];
    }
    ops.backward(ops.sum(ops.mul(y, Tensor.of(c, y.shape().dims()))));
  }

  private static double total(Tensor x) {
    Tensor c = x.grad();
    assertNotNull(c);
    double sum = 0;
    float[] share = c.toFloats();
    float[] values = x.toFloats();
    for (int i = 0; i < values.length; i++) {
      sum += (double) share[i] * values[i];
    }
    return sum;
  }

  private static double sum(Tensor x) {
    double sum = 0;
    for (float value : x.toFloats()) {
      sum += value;
    }
    return sum;
  }

  @Property(tries = 40)
  void linearLayersKeepTheSum(@ForAll long seed) {
    Tensor x = random(seed, 3, 5).requireGrad();
    Tensor w = random(seed + 1, 4, 5);
    Tensor r = ops.square(random(seed + 2, 3, 4));
    try (var mode = ops.relevance()) {
      Tensor z =
          ops.add(
              ops.linear(ops.relu(x.detach()), ops.relu(w), null),
              ops.linear(ops.relu(ops.neg(x.detach())), ops.relu(ops.neg(w)), null));
      for (float value : z.toFloats()) {
        if (value == 0) {
          return; // nothing speaks for an output: its relevance is lost
        }
      }
      backward(ops.linear(x, w, random(seed + 3, 4)), r);
    }
    assertEquals(sum(r), total(x), 1e-3 * sum(r));
  }

  @Property(tries = 40)
  void productsSumsAndActivationsKeepTheSum(@ForAll long seed) {
    Tensor a = random(seed, 3, 5).requireGrad();
    Tensor b = random(seed + 1, 5, 4).requireGrad();
    Tensor r = ops.square(random(seed + 2, 3, 4));
    try (var mode = ops.relevance()) {
      backward(ops.matmul(a, b), r);
    }
    assertEquals(sum(r) / 2, total(a), 1e-3 * sum(r));
    assertEquals(sum(r) / 2, total(b), 1e-3 * sum(r));

    Tensor u = random(seed + 3, 6).requireGrad();
    Tensor v = random(seed + 4, 6).requireGrad();
    Tensor s = ops.square(random(seed + 5, 6));
    try (var mode = ops.relevance()) {
      backward(ops.add(ops.gelu(u), ops.softmax(v)), s);
    }
    assertEquals(
        sum(s), total(u) + total(v), 1e-2 * (sum(s) + Math.abs(total(u)) + Math.abs(total(v))));
  }

  /** With positive numbers the rule is x (R / (x W^T) W). */
  @Test
  void positiveLinearLayersDivideInProportion() {
    Tensor x = ops.square(random(1, 1, 3)).requireGrad();
    Tensor w = ops.square(random(2, 2, 3));
    Tensor r = Tensor.of(new float[] {1, 2}, 1, 2);
    try (var mode = ops.relevance()) {
      backward(ops.linear(x, w, null), r);
    }
    Tensor c = x.grad();
    assertNotNull(c);
    for (int j = 0; j < 3; j++) {
      double expected = 0;
      for (int o = 0; o < 2; o++) {
        double z = 0;
        for (int i = 0; i < 3; i++) {
          z += (double) x.toFloats()[i] * w.toFloats()[3 * o + i];
        }
        expected += r.toFloats()[o] / z * w.toFloats()[3 * o + j];
      }
      assertEquals(expected, c.toFloats()[j], 1e-4 * expected);
    }
  }

  @Test
  void gradientsAreBackAfterwards() {
    Tensor x = random(4, 5).requireGrad();
    try (var mode = ops.relevance()) {
      backward(ops.softmax(x), ops.square(random(5, 5)));
    }
    Tensor y = random(6, 5).requireGrad();
    ops.backward(ops.sum(ops.square(y)));
    Tensor gradient = y.grad();
    assertNotNull(gradient);
    assertEquals(2 * y.toFloats()[2], gradient.toFloats()[2], 1e-5);
  }
}
