package nibble.nn.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.SparseRows;
import nibble.nn.LayerInput;
import nibble.nn.WeightMatrix;
import nibble.quant.format.FloatColumnsTensor;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.SparseTensor;
import nibble.quant.format.Symmetry;
import nibble.quant.format.WeightScheme;
import nibble.quant.model.PackedLayers;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Integers with floats beside them: what runs is what they stand for. */
class SideWeightsTest {
  private static boolean[] some(Random random, int count, double share) {
    boolean[] marks = new boolean[count];
    for (int i = 0; i < count; i++) {
      marks[i] = random.nextDouble() < share;
    }
    return marks;
  }

  private static QuantizedTensor codes(float[] w, int out, int in, boolean asymmetric) {
    WeightScheme scheme = WeightScheme.ofBits(4);
    return QuantizedTensor.quantize(
        "w", w, out, in, asymmetric ? scheme.withSymmetry(Symmetry.ASYMMETRIC) : scheme);
  }

  @Property(tries = 80)
  void sparseAndDenseProductAddUp(
      @ForAll @IntRange(min = 1, max = 20) int out,
      @ForAll @IntRange(min = 1, max = 40) int in,
      @ForAll @IntRange(min = 1, max = 9) int rows,
      @ForAll boolean asymmetric,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] w = RandomModels.gaussian(random, out * in, 0, 1);
    SparseTensor tensor =
        SparseTensor.of(
            codes(w, out, in, asymmetric), w, some(random, out * in, random.nextDouble()));
    SparseSideWeight weight = (SparseSideWeight) PackedLayers.executable("w", tensor, null);
    assertArrayEquals(tensor.dequantize(), weight.dequantized().toFloats(), 1e-6f);
    checkProduct(weight, rows, in, random);
  }

  @Property(tries = 80)
  void columnsAndCodesAddUp(
      @ForAll @IntRange(min = 1, max = 20) int out,
      @ForAll @IntRange(min = 2, max = 40) int in,
      @ForAll @IntRange(min = 1, max = 9) int rows,
      @ForAll boolean asymmetric,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] w = RandomModels.gaussian(random, out * in, 0, 1);
    boolean[] frozen = some(random, in, 0.3);
    frozen[0] = true;
    frozen[in - 1] = false;
    FloatColumnsTensor tensor = FloatColumnsTensor.of(codes(w, out, in, asymmetric), w, frozen);
    float[] values = tensor.dequantize();
    for (int i = 0; i < values.length; i++) {
      assertEquals(w[i], values[i], frozen[i % in] ? 0x1p-10 * Math.abs(w[i]) + 1e-6 : 1);
    }
    FloatColumnsWeight weight = (FloatColumnsWeight) PackedLayers.executable("w", tensor, null);
    assertArrayEquals(values, weight.dequantized().toFloats());
    checkProduct(weight, rows, in, random);
  }

  private static void checkProduct(PackedWeight weight, int rows, int in, Random random) {
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor x = Tensor.of(RandomModels.gaussian(random, rows * in, 0, 1), 1, rows, in);
      Tensor bias = Tensor.of(RandomModels.gaussian(random, weight.out(), 0, 1), weight.out());
      float[] expected = ops.linear(x, weight.dequantized(), bias).toFloats();
      float[] actual = weight.multiply(ops, x, bias).toFloats();
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], actual[i], 2e-5 * in);
      }
    }
  }

  /** Layers that take the same input apart otherwise do not get each other's parts. */
  @Test
  void everyLayerTakesItsOwnInputsFromASharedTensor() {
    Random random = new Random(9);
    int in = 24;
    Tensor x = Tensor.of(RandomModels.gaussian(random, 5 * in, 0, 1), 5, in);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      LayerInput shared = new LayerInput(x);
      for (int first : new int[] {0, 7, 0}) {
        float[] w = RandomModels.gaussian(random, 8 * in, 0, 1);
        boolean[] frozen = new boolean[in];
        frozen[first] = true;
        frozen[first + 5] = true;
        WeightMatrix weight =
            PackedLayers.executable(
                "w", FloatColumnsTensor.of(codes(w, 8, in, false), w, frozen), null);
        assertArrayEquals(
            weight.multiply(ops, x, null).toFloats(),
            weight.multiply(ops, shared, null).toFloats());
      }
    }
  }

  /** Four bytes for a value, four for its column, four for a row and the end. */
  @Test
  void bytesOfSingleElements() {
    float[] w = RandomModels.gaussian(new Random(3), 8 * 16, 0, 1);
    boolean[] kept = new boolean[w.length];
    kept[5] = kept[40] = kept[41] = true;
    SparseTensor sparse = SparseTensor.of(codes(w, 8, 16, false), w, kept);
    WeightMatrix weight = PackedLayers.executable("w", sparse, null);
    assertEquals(((SparseSideWeight) weight).weight().bytes() + 3 * 8 + 9 * 4, weight.bytes());
  }

  /**
   * Outliers in float inputs leave the range of the others alone: 4-bit activations lose no more
   * than without outliers.
   */
  @Test
  void rangesOfTokensLeaveTheFloatInputsOut() {
    Random random = new Random(5);
    int out = 16;
    int in = 32;
    float[] w = RandomModels.gaussian(random, out * in, 0, 1);
    float[] x = RandomModels.gaussian(random, 20 * in, 0, 1);
    for (int i = 3; i < x.length; i += in) {
      x[i] *= 50;
    }
    boolean[] frozen = new boolean[in];
    frozen[3] = true;
    var tokens = new ActivationQuantizer.PerToken(4, false, 1);
    QuantizedTensor all = codes(w, out, in, false);
    var mixed = PackedLayers.executable("w", FloatColumnsTensor.of(all, w, frozen), tokens);
    var plain = PackedLayers.executable("w", all, tokens);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor input = Tensor.of(x, 20, in);
      float[] expected = ops.linear(input, Tensor.of(w, out, in), null).toFloats();
      double withColumn = error(mixed.multiply(ops, input, null).toFloats(), expected);
      double without = error(plain.multiply(ops, input, null).toFloats(), expected);
      assertTrue(20 * withColumn < without, withColumn + " and " + without);
      LayerInput shared = new LayerInput(input);
      assertArrayEquals(
          mixed.multiply(ops, shared, null).toFloats(),
          mixed.multiply(ops, shared, null).toFloats());
    }
  }

  private static double error(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += ((double) a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
  }

  @Test
  void brokenPartsAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new SparseRows(4, new int[] {0, 2}, new int[] {1, 1}, new float[2]));
    assertThrows(
        IllegalArgumentException.class,
        () -> new SparseRows(4, new int[] {0, 2}, new int[] {1, 4}, new float[2]));
    assertThrows(
        IllegalArgumentException.class,
        () -> new SparseRows(4, new int[] {0, 3}, new int[] {1, 2}, new float[2]));
    assertThrows(
        IllegalArgumentException.class,
        () -> new SparseRows(4, new int[] {0, 2, 1, 2}, new int[] {1, 2}, new float[2]));
    PackedIntWeight ints =
        new PackedIntWeight(PackedLayers.pack(codes(new float[8], 2, 4, false)), null);
    Tensor columns = Tensor.zeros(2, 2).to(DType.F16);
    assertThrows(
        IllegalArgumentException.class,
        () -> new FloatColumnsWeight(ints, columns, new int[] {5, 1}));
    assertThrows(
        IllegalArgumentException.class,
        () -> new FloatColumnsWeight(ints, columns, new int[] {1, 6}));
    assertThrows(
        IllegalArgumentException.class, () -> new FloatColumnsWeight(ints, columns, new int[] {1}));
  }
}
