package nibble.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

class NormTest {
  private static final float EPSILON = 1e-3f;

  @Property(tries = 50)
  void bothKindsDivideByTheirStatistic(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 40) int hidden, @ForAll Norm.Kind kind) {
    Assume.that(kind != Norm.Kind.NONE); // divides by nothing
    Random random = new Random(seed);
    float[] x = RandomModels.gaussian(random, hidden, 0.5f, 2);
    float[] gain = RandomModels.gaussian(random, hidden, 1, 0.5f);
    float[] bias = RandomModels.gaussian(random, hidden, 0, 0.5f);
    boolean layer = kind == Norm.Kind.LAYER;
    Norm norm = new Norm("norm", kind, EPSILON, parameter(gain), layer ? parameter(bias) : null);
    float[] y;
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      y = norm.forward(ops, Tensor.of(x, 1, hidden)).toFloats();
    }
    double mean = 0;
    for (float v : x) {
      mean += layer ? (double) v / hidden : 0;
    }
    double square = 0;
    for (float v : x) {
      square += (v - mean) * (v - mean) / hidden;
    }
    for (int i = 0; i < hidden; i++) {
      double expected =
          (x[i] - mean) / Math.sqrt(square + EPSILON) * gain[i] + (layer ? bias[i] : 0);
      assertEquals(expected, y[i], 1e-5 * (1 + Math.abs(expected)));
    }
  }

  @Test
  void becomingPlainDropsGainAndBias() {
    Norm norm = new Norm("norm", Norm.Kind.LAYER, 0, parameter(2, 2), parameter(5, 5));
    norm.becomePlainRms();
    assertEquals(Norm.Kind.RMS, norm.kind());
    assertNull(norm.gain());
    assertNull(norm.bias());
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] y = norm.forward(ops, Tensor.of(new float[] {3, 4}, 1, 2)).toFloats();
      assertEquals(3 / Math.sqrt(12.5), y[0], 1e-6);
    }
  }

  private static Parameter parameter(float... values) {
    return new Parameter("p", Tensor.of(values, values.length));
  }
}
