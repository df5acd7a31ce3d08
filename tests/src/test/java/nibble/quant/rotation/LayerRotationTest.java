package nibble.quant.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.Sites;
import nibble.nn.online.HadamardSite;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/**
 * Rotations of one layer: {@code (x R)(R^T W) = x W}, RMS norm commutes with R, and R takes heavy
 * tails away.
 */
class LayerRotationTest {
  private static final int[] SIZES = {1, 4, 12, 20, 32, 48};

  @Property(tries = 40)
  void rotatedInputsMeetRotatedWeights(
      @ForAll long seed, @ForAll @IntRange(max = 5) int size, @ForAll boolean random) {
    int in = SIZES[size];
    Orthogonal r = random ? new RandomOrthogonal(in, seed) : RandomizedHadamard.random(in, seed);
    Random numbers = new Random(seed);
    Linear linear = linear(numbers, 9, in);
    float[] x = RandomModels.gaussian(numbers, 3 * in, 0, 1);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] before = linear.forward(ops, Tensor.of(x, 3, in)).toFloats();
      WeightMaps.mapInputs(linear, r);
      float[] after = linear.forward(ops, Tensor.of(rotated(x, r), 3, in)).toFloats();
      assertSmall(after, before);
    }
  }

  @Property(tries = 20)
  void theOnlineTransformUndoesTheFoldedOne(
      @ForAll long seed, @ForAll @IntRange(max = 5) int size) {
    int in = SIZES[size];
    Random numbers = new Random(seed);
    Linear linear = linear(numbers, 9, in);
    Tensor x = Tensor.of(RandomModels.gaussian(numbers, 3 * in, 0, 1), 3, in);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] before = linear.forward(ops, x).toFloats();
      WeightMaps.mapInputs(linear, RandomizedHadamard.plain(in));
      linear.input().append(new HadamardSite(in));
      assertSmall(linear.forward(ops, x).toFloats(), before);
    }
  }

  @Property(tries = 40)
  void rotatedOutputsAreTheOutputsRotated(@ForAll long seed, @ForAll @IntRange(max = 5) int size) {
    int out = SIZES[size];
    Random numbers = new Random(seed);
    Linear linear = linear(numbers, out, 7);
    Orthogonal r = RandomizedHadamard.random(out, seed);
    Tensor x = Tensor.of(RandomModels.gaussian(numbers, 3 * 7, 0, 1), 3, 7);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] before = linear.forward(ops, x).toFloats();
      WeightMaps.mapOutputs(linear, r);
      assertSmall(linear.forward(ops, x).toFloats(), rotated(before, r));
    }
  }

  @Property(tries = 40)
  void rmsNormCommutesWithRotation(
      @ForAll long seed, @ForAll @IntRange(max = 5) int size, @ForAll boolean random) {
    int hidden = SIZES[size];
    Orthogonal r =
        random ? new RandomOrthogonal(hidden, seed) : RandomizedHadamard.random(hidden, seed);
    float[] x = RandomModels.gaussian(new Random(seed), 3 * hidden, 0.5f, 1);
    Norm norm = new Norm("norm", Norm.Kind.RMS, 1e-6f, null, null);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] rotatedFirst = norm.forward(ops, Tensor.of(rotated(x, r), 3, hidden)).toFloats();
      float[] normedFirst = norm.forward(ops, Tensor.of(x, 3, hidden)).toFloats();
      assertSmall(rotatedFirst, rotated(normedFirst, r));
    }
  }

  /** Sixty-four weights, each with three columns thirty times as large as the rest. */
  @Test
  void rotationTakesHeavyTailsAway() {
    int lower = 0;
    int better = 0;
    for (int seed = 0; seed < 64; seed++) {
      float[] plain = heavyTailed(new Random(seed), 16, 128);
      float[] turned = rotated(plain, RandomizedHadamard.random(128, seed));
      lower += maxOverRms(turned) < 0.5 * maxOverRms(plain) ? 1 : 0;
      better += rtnError(turned) < 0.5 * rtnError(plain) ? 1 : 0;
    }
    assertEquals(64, lower, "max/RMS is halved");
    assertEquals(64, better, "the squared error of 4-bit RTN is halved");
  }

  /** Normal numbers stay normal: nothing to win, and little to lose. */
  @Test
  void rotationLeavesNormalWeightsAsTheyAre() {
    double plain = 0;
    double turned = 0;
    for (int seed = 0; seed < 32; seed++) {
      float[] w = RandomModels.gaussian(new Random(seed), 16 * 128, 0, 1);
      plain += rtnError(w);
      turned += rtnError(rotated(w, RandomizedHadamard.random(128, seed)));
    }
    assertEquals(1, turned / plain, 0.05);
  }

  private static float[] heavyTailed(Random random, int out, int in) {
    float[] w = RandomModels.gaussian(random, out * in, 0, 1);
    for (int k = 0; k < 3; k++) {
      int column = k * (in / 3) + random.nextInt(in / 3);
      for (int o = 0; o < out; o++) {
        w[o * in + column] *= 30;
      }
    }
    return w;
  }

  private static double maxOverRms(float[] values) {
    double largest = 0;
    double squares = 0;
    for (float v : values) {
      largest = Math.max(largest, Math.abs(v));
      squares += (double) v * v;
    }
    return largest / Math.sqrt(squares / values.length);
  }

  private static double rtnError(float[] w) {
    float[] rounded =
        QuantizedTensor.quantize("w", w, 16, 128, WeightScheme.ofBits(4)).dequantize();
    double error = 0;
    for (int i = 0; i < w.length; i++) {
      error += Math.pow((double) w[i] - rounded[i], 2);
    }
    return error;
  }

  private static Linear linear(Random random, int out, int in) {
    Sites sites = new Sites();
    Parameter weight =
        new Parameter(
            "w.weight", Tensor.of(RandomModels.gaussian(random, out * in, 0, 1), out, in));
    Parameter bias =
        new Parameter("w.bias", Tensor.of(RandomModels.gaussian(random, out, 0, 1), out));
    Linear linear = new Linear("w", weight, bias, sites.add("w.input"), sites);
    assertNotNull(linear.bias());
    return linear;
  }

  private static float[] rotated(float[] rows, Orthogonal r) {
    double[] values = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      values[i] = rows[i];
    }
    for (int at = 0; at < values.length; at += r.size()) {
      r.apply(values, at);
    }
    float[] result = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }

  /** Within 64 units in the last place of the largest value. */
  private static void assertSmall(float[] actual, float[] expected) {
    double difference = RandomModels.relativeDifference(actual, expected);
    assertTrue(difference < 64 * 0x1p-24, "relative difference " + difference);
  }
}
