package nibble.quant.tuning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** KL-Top: its value by hand, its derivative by differences. */
class DivergenceTest {
  private static final int ROWS = 3;

  private static Tensor logits(int width, long seed) {
    return Tensor.of(RandomModels.gaussian(new Random(seed), ROWS * width, 0, 2), ROWS, width);
  }

  private static double value(Tensor student, Tensor teacher, int top) {
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      return ops.custom(new Divergence(teacher, top), student).item();
    }
  }

  @Property(tries = 60)
  void isZeroForEqualLogitsAndPositiveElsewhere(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 12) int width,
      @ForAll @IntRange(min = 2, max = 15) int top) {
    Tensor teacher = logits(width, seed);
    assertEquals(0, value(teacher, teacher, top), 1e-7);
    assertTrue(value(logits(width, ~seed), teacher, top) > 0);
  }

  /** What lies below the k largest logits of the teacher does not count. */
  @Test
  void onlyTheLargestCount() {
    Tensor teacher = Tensor.of(new float[] {3, 1, 2, 0}, 1, 4);
    assertEquals(0, value(Tensor.of(new float[] {3, -7, 2, 9}, 1, 4), teacher, 2), 1e-7);
    assertTrue(value(Tensor.of(new float[] {3, -7, 2, 9}, 1, 4), teacher, 3) > 0.01);
    double p = 1 / (1 + Math.exp(-1));
    double q = 1 / (1 + Math.exp(-3));
    double expected = p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
    assertEquals(expected, value(Tensor.of(new float[] {5, 0, 2, 0}, 1, 4), teacher, 2), 1e-6);
  }

  @Property(tries = 60)
  void allOfThemAreTheWholeDivergence(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 12) int width) {
    Tensor student = logits(width, ~seed);
    Tensor teacher = logits(width, seed);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor terms =
          ops.mul(ops.softmax(teacher), ops.sub(ops.logSoftmax(teacher), ops.logSoftmax(student)));
      assertEquals(ops.sum(terms).item() / ROWS, value(student, teacher, width), 1e-5);
    }
  }

  @Property(tries = 40)
  void theDerivativeAgreesWithDifferences(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 8) int width,
      @ForAll @IntRange(min = 1, max = 8) int top) {
    Tensor student = logits(width, ~seed).requireGrad();
    Tensor teacher = logits(width, seed);
    try (Ops ops = Ops.serial()) {
      ops.backward(ops.custom(new Divergence(teacher, top), student));
    }
    Tensor grad = student.grad();
    for (int i = 0; i < student.size(); i++) {
      float step = 0x1p-6f;
      double up = value(moved(student, i, step), teacher, top);
      double down = value(moved(student, i, -step), teacher, top);
      assertEquals((up - down) / (2 * step), grad.toFloats()[i], 2e-4);
    }
  }

  private static Tensor moved(Tensor x, int index, float by) {
    float[] values = x.toFloats();
    values[index] += by;
    return Tensor.of(values, x.shape().dims());
  }

  @Test
  void shapesAreChecked() {
    assertThrows(IllegalArgumentException.class, () -> new Divergence(Tensor.zeros(4), 1));
    assertThrows(
        IllegalArgumentException.class, () -> value(Tensor.zeros(2, 5), Tensor.zeros(2, 4), 1));
  }
}
