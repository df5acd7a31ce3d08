package nibble.nn.site;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.packed.SimulatedActivation;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Quantizers, scales and shifts in sites. */
class SiteFunctionsTest {
  private static final int[][] LAYOUTS = {
    {}, {1}, {6}, {3, 1, 1}, {3, 1, 6}, {5, 1}, {1, 5, 6}, {2, 3, 5, 6}
  };

  private final Ops ops = Ops.serial();

  private static Tensor tensor(long seed, int... dims) {
    return Tensor.of(
        RandomModels.gaussian(new Random(seed), (int) Shape.of(dims).size(), 0.1f, 1), dims);
  }

  private static Tensor scales(long seed, int... dims) {
    float[] values = RandomModels.gaussian(new Random(seed), (int) Shape.of(dims).size(), 0, 0.1f);
    for (int i = 0; i < values.length; i++) {
      values[i] = 0.02f + Math.abs(values[i]);
    }
    return Tensor.of(values, dims);
  }

  private static UniformQuantizer quantizer(long seed, int bits, boolean symmetric, int... dims) {
    if (symmetric) {
      return UniformQuantizer.symmetric(bits, scales(seed, dims));
    }
    float[] zeros = new float[(int) Shape.of(dims).size()];
    Random random = new Random(seed);
    for (int i = 0; i < zeros.length; i++) {
      zeros[i] = random.nextInt(1 << bits);
    }
    return UniformQuantizer.asymmetric(bits, scales(seed, dims), Tensor.of(zeros, dims));
  }

  @Property(tries = 40)
  void everyElementTakesTheNearestLevelOfItsScale(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll boolean symmetric) {
    Tensor x = tensor(seed, 2, 3, 5, 6);
    for (int[] layout : LAYOUTS) {
      UniformQuantizer quantizer = quantizer(seed, bits, symmetric, layout);
      float[] y = quantizer.apply(ops, x).toFloats();
      int[] index = new int[4];
      for (int i = 0; i < y.length; i++) {
        index[0] = i / 90;
        index[1] = i / 30 % 3;
        index[2] = i / 6 % 5;
        index[3] = i % 6;
        int at = 0;
        for (int axis = 0; axis < layout.length; axis++) {
          at = at * layout[axis] + (layout[axis] == 1 ? 0 : index[4 - layout.length + axis]);
        }
        float s = quantizer.scales().toFloats()[at];
        Tensor points = quantizer.zeroPoints();
        double z = points == null ? 0 : points.toFloats()[at];
        double low = symmetric ? -(1 << (bits - 1)) : 0;
        double high = symmetric ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
        double code = Math.max(low, Math.min(high, Math.rint(x.toFloats()[i] / s) + z));
        assertEquals(
            (float) (code - z) * s, y[i], 0f, "element " + i + " of layout " + List.of(layout));
      }
      assertArrayEquals(y, quantizer.apply(ops, Tensor.of(y, 2, 3, 5, 6)).toFloats(), "idempotent");
    }
  }

  @Property(tries = 40)
  void headsSideBySideHaveTheSameElements(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll boolean symmetric) {
    Tensor x = tensor(seed, 2, 5, 18);
    List<StoredFunction> functions = new ArrayList<>();
    functions.add(LevelQuantizer.nearest(new float[] {-1, 0, 0.5f, 2}));
    for (int[] layout : LAYOUTS) {
      boolean byToken = layout.length > 1 && layout[layout.length - 2] != 1;
      UniformQuantizer quantizer = quantizer(seed, bits, symmetric, layout);
      assertEquals(!byToken, quantizer.sideBySide(3, 6).isPresent(), Arrays.toString(layout));
      if (!byToken) {
        functions.add(quantizer);
      }
    }
    for (StoredFunction function : functions) {
      Tensor expected = ops.mergeHeads(function.apply(ops, ops.splitHeads(x, 3)));
      assertArrayEquals(
          expected.toFloats(),
          function.sideBySide(3, 6).orElseThrow().apply(ops, x).toFloats(),
          function.format());
    }
    assertTrue(quantizer(seed, bits, symmetric, 3, 1, 6).sideBySide(6, 3).isEmpty(), "misfit");
  }

  @Property(tries = 40)
  void takesTheCodesOfTheIntegerKernels(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll boolean symmetric) {
    Tensor x = tensor(seed, 4, 7, 19);
    UniformQuantizer quantizer = quantizer(seed, bits, symmetric);
    Tensor points = quantizer.zeroPoints();
    int zero = points == null ? 0 : (int) points.toFloats()[0];
    var kernel =
        new ActivationQuantizer.PerTensor(bits, symmetric, quantizer.scales().toFloats()[0], zero);
    assertArrayEquals(
        new SimulatedActivation(kernel).apply(ops, x).toFloats(),
        quantizer.apply(ops, x).toFloats());
  }

  @Property(tries = 40)
  void gradientsPassWhereNothingIsClipped(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int bits, @ForAll boolean symmetric) {
    UniformQuantizer quantizer = quantizer(seed, bits, symmetric, 6);
    Tensor x = tensor(seed, 5, 6).requireGrad();
    ops.backward(ops.sum(quantizer.apply(ops, x)));
    Tensor grad = x.grad();
    assertTrue(grad != null);
    for (int i = 0; i < 30; i++) {
      float t = x.toFloats()[i] / quantizer.scales().toFloats()[i % 6];
      Tensor points = quantizer.zeroPoints();
      float z = points == null ? 0 : points.toFloats()[i % 6];
      float low = (symmetric ? -(1 << (bits - 1)) : 0) - z;
      float high = (symmetric ? (1 << (bits - 1)) - 1 : (1 << bits) - 1) - z;
      assertEquals(t >= low && t <= high ? 1f : 0f, grad.toFloats()[i]);
    }
  }

  @Test
  void nanStaysVisible() {
    Tensor x = Tensor.of(new float[] {Float.NaN, 1}, 1, 2);
    assertTrue(Float.isNaN(quantizer(1, 4, true).apply(ops, x).toFloats()[0]));
    assertTrue(Float.isNaN(quantizer(1, 4, false, 2).apply(ops, x).toFloats()[0]));
    assertTrue(Float.isNaN(LevelQuantizer.nearest(new float[] {0, 1}).apply(ops, x).toFloats()[0]));
  }

  @Property(tries = 40)
  void levelsAreTakenByThresholds(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 40) int count) {
    float[] levels = RandomModels.gaussian(new Random(seed), count, 0, 1);
    Arrays.sort(levels);
    LevelQuantizer quantizer = LevelQuantizer.nearest(levels);
    Tensor x = tensor(seed + 1, 3, 50);
    float[] y = quantizer.apply(ops, x).toFloats();
    for (int i = 0; i < y.length; i++) {
      double best = Double.POSITIVE_INFINITY;
      for (float level : levels) {
        best = Math.min(best, Math.abs((double) level - x.toFloats()[i]));
      }
      assertEquals(best, Math.abs((double) y[i] - x.toFloats()[i]), 1e-6);
    }
    assertArrayEquals(y, quantizer.apply(ops, Tensor.of(y, 3, 50)).toFloats());
  }

  /**
   * The code is the number of thresholds reached, for values of all signs and sizes, for thresholds
   * themselves and their neighbours, many of which share their first bits.
   */
  @Property(tries = 200)
  void codesCountTheThresholdsReached(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 257) int count,
      @ForAll @IntRange(min = -120, max = 120) int exponent,
      @ForAll boolean logarithmic) {
    Random random = new Random(seed);
    float[] levels = new float[count];
    for (int i = 0; i < count; i++) {
      double size = logarithmic ? Math.pow(2, -i / 3.0) : random.nextGaussian();
      levels[i] = (float) Math.scalb(random.nextInt(5) == 0 ? -size : size, exponent);
    }
    Arrays.sort(levels);
    for (int i = 1; i < count; i++) {
      levels[i] = Math.max(levels[i], Math.nextUp(levels[i - 1]));
    }
    float[] thresholds = new float[count - 1];
    for (int i = 0; i < count - 1; i++) {
      thresholds[i] = random.nextInt(4) == 0 ? levels[i] : 0.5f * levels[i] + 0.5f * levels[i + 1];
    }
    LevelQuantizer quantizer = new LevelQuantizer(levels, thresholds);
    List<Float> values = new ArrayList<>(List.of(0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE));
    values.addAll(
        List.of(Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MAX_VALUE, 1f, -1f));
    for (float threshold : thresholds) {
      values.addAll(List.of(threshold, Math.nextUp(threshold), Math.nextDown(threshold)));
    }
    for (int i = 0; i < 50; i++) {
      values.add((float) Math.scalb(random.nextGaussian(), exponent));
      values.add(Float.intBitsToFloat(random.nextInt()));
    }
    for (float x : values) {
      int expected = 0;
      for (float threshold : thresholds) {
        expected += x >= threshold ? 1 : 0;
      }
      assertEquals(expected, quantizer.code(x), "x = " + x);
    }
  }

  @Property(tries = 30)
  void recordsMakeTheSameFunctions(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits) {
    Tensor x = tensor(seed, 2, 3, 5, 6);
    List<StoredFunction> functions =
        List.of(
            quantizer(seed, bits, true, 3, 1, 1),
            quantizer(seed, bits, false, 6),
            LevelQuantizer.nearest(new float[] {-1, 0, 2}),
            new ChannelScale(scales(seed, 6)),
            new ChannelShift(tensor(seed, 6)));
    for (StoredFunction function : functions) {
      StoredFunction again = StoredFunctions.of(function.stored());
      assertArrayEquals(function.apply(ops, x).toFloats(), again.apply(ops, x).toFloats());
      assertEquals(function.format(), again.format());
    }
  }

  @Test
  void badParametersAreNamed() {
    assertThrows(
        IllegalArgumentException.class, () -> UniformQuantizer.symmetric(4, Tensor.scalar(0)));
    assertThrows(
        IllegalArgumentException.class, () -> UniformQuantizer.symmetric(9, Tensor.scalar(1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> UniformQuantizer.asymmetric(4, Tensor.scalar(1), Tensor.scalar(16)));
    assertThrows(
        IllegalArgumentException.class,
        () -> UniformQuantizer.asymmetric(4, Tensor.scalar(1), Tensor.scalar(0.5f)));
    assertThrows(
        IllegalArgumentException.class,
        () -> new LevelQuantizer(new float[] {1, 0}, new float[] {0}));
    assertThrows(
        IllegalArgumentException.class,
        () -> new LevelQuantizer(new float[] {0, 1}, new float[] {2}));
    assertThrows(
        IllegalArgumentException.class, () -> new LevelQuantizer(new float[300], new float[299]));
    assertThrows(
        IllegalArgumentException.class, () -> new ChannelScale(Tensor.of(new float[] {1, 0}, 2)));
    assertThrows(
        IllegalArgumentException.class,
        () -> new ChannelShift(Tensor.of(new float[] {Float.NaN}, 1)));
    String unknown =
        assertThrows(
                IllegalArgumentException.class,
                () -> StoredFunctions.of(new FunctionRecord("sine", Map.of(), Map.of())))
            .getMessage();
    assertTrue(unknown.contains("sine") && unknown.contains("uniform"), unknown);
    assertThrows(
        IllegalArgumentException.class,
        () -> StoredFunctions.of(new FunctionRecord("uniform", Map.of(), Map.of())));
    assertThrows(IllegalArgumentException.class, () -> ScaleLayout.of(Shape.of(2, 3), Shape.of(2)));
  }
}
