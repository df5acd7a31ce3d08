package nibble.kernels.lowbit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.lowbit.Cases.Codes;
import nibble.kernels.parallel.WorkSplitter;
import org.junit.jupiter.api.Test;

class LutGemvTest {
  private static final int[][] INPUTS = {
    {1, 1}, {9, 9}, {31, 31}, {45, 45}, {64, 32}, {128, 64}, {256, 128}, {160, 160}
  };

  private final LutGemv scalar = new ScalarLutGemv();
  private final LutGemv vector = LutGemv.best();

  private static BinaryWeights weights(
      Random random, int out, int in, int planes, int groupSize, boolean hasOffset) {
    byte[] codes = Cases.codes(random, out, in, planes, false, Codes.RANDOM);
    int groups = in / groupSize;
    float[] offsets = hasOffset ? Cases.activations(random, out * groups) : null;
    return BinaryWeights.pack(
        codes,
        Cases.activations(random, out * groups * planes),
        offsets,
        out,
        in,
        planes,
        groupSize);
  }

  @Property(tries = 150)
  void agreesWithTheScalarKernelWithinTheRoundingOfItsSums(
      @ForAll @IntRange(min = 1, max = 9) int rows,
      @ForAll @IntRange(min = 1, max = 70) int out,
      @ForAll @IntRange(max = 7) int input,
      @ForAll @IntRange(min = 1, max = 4) int planes,
      @ForAll boolean hasOffset,
      @ForAll boolean hasBias,
      @ForAll @IntRange(min = 1, max = 2) int workers,
      @ForAll long seed) {
    Random random = new Random(seed);
    int in = INPUTS[input][0];
    int groupSize = INPUTS[input][1];
    BinaryWeights weights = weights(random, out, in, planes, groupSize, hasOffset);
    int xStride = in + 3;
    int outStride = out + 2;
    float[] x = new float[2 + rows * xStride];
    Arrays.fill(x, Float.NaN);
    for (int r = 0; r < rows; r++) {
      System.arraycopy(Cases.activations(random, in), 0, x, 2 + r * xStride, in);
    }
    float[] bias = hasBias ? Cases.activations(random, out) : null;
    float[] expected = new float[1 + rows * outStride];
    float[] actual = expected.clone();
    try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
      scalar.multiply(
          rows, x, 2, xStride, weights, bias, expected, 1, outStride, WorkSplitter.serial());
      vector.multiply(rows, x, 2, xStride, weights, bias, actual, 1, outStride, splitter);
    }
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        // A product passes the additions of its table, of its group and of the groups, and one of
        // the bias.
        double magnitude = bias == null ? 0 : Math.abs(bias[o]);
        for (int k = 0; k < in; k++) {
          double steps = Math.abs(weights.offset(o, k / groupSize));
          for (int i = 0; i < planes; i++) {
            steps +=
                4.0
                    * Math.abs(
                        weights.alpha(
                            o, k / groupSize, i)); // 2 x is added and taken off in a table
          }
          magnitude += steps * Math.abs(x[2 + r * xStride + k]);
        }
        double additions = in + (planes + 1.0) * in / groupSize + 8;
        assertEquals(
            expected[1 + r * outStride + o],
            actual[1 + r * outStride + o],
            additions * 0x1p-24 * magnitude);
      }
      assertEquals(0f, actual[1 + r * outStride + out]);
    }
  }

  @Property(tries = 50)
  void unpacksWhatWasPacked(
      @ForAll @IntRange(min = 1, max = 40) int out,
      @ForAll @IntRange(min = 1, max = 70) int in,
      @ForAll @IntRange(min = 1, max = 4) int planes,
      @ForAll long seed) {
    byte[] codes = Cases.codes(new Random(seed), out, in, planes, false, Codes.RANDOM);
    BinaryWeights weights =
        BinaryWeights.pack(codes, new float[out * planes], null, out, in, planes, in);
    assertEquals(BinaryWeights.packedBytes(out, in, planes, in, false), weights.bytes());
    byte[] unpacked = new byte[out * in];
    for (int row = 0; row < out; row++) {
      weights.unpack(row, unpacked, row * in);
    }
    assertArrayEquals(codes, unpacked);
    for (int i = 0; i < out * in; i++) {
      for (int plane = 0; plane < planes; plane++) {
        int word = weights.bits(i / in, plane, i % in / 32);
        assertEquals(codes[i] >> plane & 1, word >>> (i % in % 32) & 1);
        assertEquals(0, in % 32 == 0 ? 0 : weights.bits(i / in, plane, in / 32) >>> (in % 32));
      }
    }
  }

  @Property(tries = 50)
  void uniformWeightsAreASpecialCase(
      @ForAll @IntRange(min = 2, max = 4) int bits, @ForAll boolean symmetric, @ForAll long seed) {
    Random random = new Random(seed);
    IntWeights uniform = Cases.weights(random, 21, 96, bits, 32, symmetric, Codes.RANDOM);
    BinaryWeights binary = BinaryWeights.fromUniform(uniform);
    float[] expected = new float[96];
    float[] actual = new float[96];
    for (int row = 0; row < 21; row++) {
      uniform.dequantize(row, expected, 0);
      binary.dequantize(row, actual, 0);
      for (int k = 0; k < 96; k++) {
        assertEquals(expected[k], actual[k], uniform.scale(row, k / 32) * 32 * 0x1p-24);
      }
    }
    float[] x = Cases.activations(random, 96);
    float[] byCodes = new float[21];
    float[] byTables = new float[21];
    IntGemm.best()
        .multiply(1, x, 0, 96, uniform, Epilogue.NONE, byCodes, 0, 21, WorkSplitter.serial());
    vector.multiply(1, x, 0, 96, binary, null, byTables, 0, 21, WorkSplitter.serial());
    for (int row = 0; row < 21; row++) {
      double magnitude = 0;
      for (int k = 0; k < 96; k++) {
        magnitude += uniform.scale(row, k / 32) * Math.abs(x[k]);
      }
      assertEquals(
          byCodes[row],
          byTables[row],
          200 * 64 * 0x1p-24 * magnitude); // at most 200 additions, levels below 64 with detours
    }
  }

  @Test
  void tablesBuiltBySumsEqualDirectSums() {
    float[] x = {3, -5, 7, 11, 2};
    for (int count = 1; count <= 4; count++) {
      for (int limit = 0; limit <= 5; limit++) {
        int[] table = new int[1 << count];
        LutTables.build(x, 1, count, limit, table, 0);
        for (int c = 0; c < table.length; c++) {
          float direct = 0;
          for (int i = 0; i < count && 1 + i < limit; i++) {
            direct += (c >>> i & 1) == 1 ? x[1 + i] : -x[1 + i];
          }
          assertEquals(direct, Float.intBitsToFloat(table[c]));
        }
      }
    }
  }

  @Test
  void rejectsWhatHasNoBinaryForm() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            BinaryWeights.fromUniform(
                Cases.weights(new Random(1), 2, 32, 8, 32, true, Codes.RANDOM)));
    assertThrows(
        IllegalArgumentException.class,
        () -> BinaryWeights.pack(new byte[64], new float[16], null, 1, 64, 2, 8));
    assertThrows(
        IllegalArgumentException.class,
        () -> BinaryWeights.pack(new byte[] {4}, new float[2], null, 1, 1, 2, 1));
  }
}
