package nibble.kernels.lowbit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.lowbit.Cases.Codes;
import nibble.kernels.lowbit.IntWeights.ScaleType;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.VectorSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IntWeightsTest {

  @Property(tries = 100)
  void unpacksWhatWasPacked(
      @ForAll @IntRange(min = 1, max = 40) int out,
      @ForAll @IntRange(min = 1, max = 70) int in,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean symmetric,
      @ForAll long seed) {
    byte[] codes = Cases.codes(new Random(seed), out, in, bits, symmetric, Codes.RANDOM);
    float[] scales = new float[out];
    Arrays.fill(scales, 0.5f);
    IntWeights weights =
        symmetric
            ? IntWeights.packSymmetric(codes, scales, out, in, bits, in)
            : IntWeights.packAsymmetric(codes, scales, new int[out], out, in, bits, in);
    byte[] unpacked = new byte[out * in];
    for (int row = 0; row < out; row++) {
      weights.unpack(row, unpacked, row * in);
    }
    assertArrayEquals(codes, unpacked);
  }

  @Property(tries = 50)
  void dequantizesScaleTimesLevel(@ForAll @IntRange(min = 2, max = 8) int bits, @ForAll long seed) {
    Random random = new Random(seed);
    int out = 19;
    int in = 96;
    byte[] codes = Cases.codes(random, out, in, bits, false, Codes.RANDOM);
    float[] scales = Cases.activations(random, out * 3);
    int[] zeroPoints = random.ints(out * 3, 0, 1 << bits).toArray();
    IntWeights weights = IntWeights.packAsymmetric(codes, scales, zeroPoints, out, in, bits, 32);
    float[] row = new float[in];
    for (int o = 0; o < out; o++) {
      weights.dequantize(o, row, 0);
      for (int k = 0; k < in; k++) {
        int g = o * 3 + k / 32;
        assertEquals(scales[g] * ((codes[o * in + k] & 0xFF) - zeroPoints[g]), row[k]);
        assertEquals(zeroPoints[g], weights.zeroPoint(o, k / 32));
      }
    }
  }

  @Test
  void readsItsOwnMemoryAgain() {
    IntWeights weights = Cases.weights(new Random(1), 20, 64, 4, 32, false, Codes.RANDOM);
    assertEquals(
        weights.bytes(), IntWeights.packedBytes(20, 64, 4, 32, false, weights.scaleType()));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy =
          arena.allocate(weights.bytes() + 3).asSlice(3); // a mapped file need not be aligned
      copy.copyFrom(weights.packed());
      IntWeights again = IntWeights.over(copy, 20, 64, 4, 32, false, weights.scaleType());
      byte[] expected = new byte[64];
      byte[] actual = new byte[64];
      for (int row = 0; row < 20; row++) {
        weights.unpack(row, expected, 0);
        again.unpack(row, actual, 0);
        assertArrayEquals(expected, actual);
        assertEquals(weights.scale(row, 1), again.scale(row, 1));
      }
    }
    MemorySegment shorter = weights.packed().asSlice(1);
    assertThrows(
        IllegalArgumentException.class,
        () -> IntWeights.over(shorter, 20, 64, 4, 32, false, weights.scaleType()));
  }

  @Test
  void mappedWeightsMultiplyAlikeAndArraysAreRefused(@TempDir Path folder) throws IOException {
    IntWeights weights = Cases.weights(new Random(3), 40, 96, 4, 32, true, Codes.RANDOM);
    byte[] bytes = weights.packed().toArray(ValueLayout.JAVA_BYTE);
    Path file = Files.write(folder.resolve("weights.bin"), bytes);
    float[] x = Cases.activations(new Random(4), 5 * 96);
    float[] expected = new float[5 * 40];
    float[] actual = new float[5 * 40];
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file);
        WorkSplitter serial = WorkSplitter.serial()) {
      MemorySegment mapped = channel.map(MapMode.READ_ONLY, 0, bytes.length, arena);
      IntWeights again = IntWeights.over(mapped, 40, 96, 4, 32, true, weights.scaleType());
      ActivationQuantizer quantizer = ActivationQuantizer.perToken(8, true);
      for (int rows : new int[] {1, 5}) {
        IntGemm gemm = IntGemm.best();
        gemm.multiply(rows, x, 0, 96, weights, Epilogue.NONE, expected, 0, 40, serial);
        gemm.multiply(rows, x, 0, 96, again, Epilogue.NONE, actual, 0, 40, serial);
        assertArrayEquals(expected, actual);
        gemm.multiply(rows, x, 0, 96, quantizer, weights, Epilogue.NONE, expected, 0, 40, serial);
        gemm.multiply(rows, x, 0, 96, quantizer, again, Epilogue.NONE, actual, 0, 40, serial);
        assertArrayEquals(expected, actual);
      }
    }
    MemorySegment array = MemorySegment.ofArray(bytes);
    assertThrows(
        IllegalArgumentException.class,
        () -> IntWeights.over(array, 40, 96, 4, 32, true, weights.scaleType()));
  }

  @Test
  void fourBitsInGroupsOf32TakeFiveBits() {
    assertEquals(5.0, IntWeights.packedBytes(1024, 1024, 4, 32, true) * 8.0 / (1024 * 1024), 0.001);
    assertEquals(5.0, IntWeights.packedBytes(1024, 1024, 3, 32, true) * 8.0 / (1024 * 1024), 0.001);
  }

  @Test
  void scalesOfGroupsTakeHalfTheBytesWhereNothingIsLost() {
    float[] scales = {0.5f, 0x1p-24f, 65504, 0};
    IntWeights halves = IntWeights.packSymmetric(new byte[128], scales, 2, 64, 4, 32);
    assertEquals(ScaleType.F16, halves.scaleType());
    assertEquals(
        4.5,
        IntWeights.packedBytes(1024, 1024, 4, 32, true, ScaleType.F16) * 8.0 / (1024 * 1024),
        0.001);
    for (int g = 0; g < 4; g++) {
      assertEquals(scales[g], halves.scale(g / 2, g % 2));
    }
    for (float odd :
        new float[] {0.1f, 0x1p-25f, 65536, -0.5f, Float.POSITIVE_INFINITY, Float.NaN}) {
      float[] others = {0.5f, odd, 1, 1};
      IntWeights whole = IntWeights.packSymmetric(new byte[128], others, 2, 64, 4, 32);
      assertEquals(ScaleType.F32, whole.scaleType(), () -> "scale " + odd);
      assertEquals(odd, whole.scale(0, 1));
    }
    assertEquals(
        ScaleType.F32,
        IntWeights.packSymmetric(new byte[128], new float[] {1, 1}, 2, 64, 4, 64).scaleType(),
        "few scales");
  }

  /** All finite F16 numbers that are not negative, subnormal ones included. */
  @Test
  void everyHalfIsWidenedExactly() {
    assumeTrue(VectorSupport.isAvailable(), "the vector module is not resolved");
    int groups = 0x7C00 / 16;
    float[] scales = new float[0x7C00];
    for (int half = 0; half < scales.length; half++) {
      scales[half] = Float.float16ToFloat((short) half);
    }
    IntWeights weights =
        IntWeights.packSymmetric(new byte[16 * 8 * groups], scales, 16, 8 * groups, 4, 8);
    assertEquals(ScaleType.F16, weights.scaleType());
    int lanes = VectorSupport.bits() / 32;
    MemorySegment widened = Arena.ofAuto().allocate(4L * lanes * groups);
    for (int row = 0; row < 16; row += lanes) {
      ScaleLines.copy(weights, row, widened, 0, 4L * lanes);
      for (int g = 0; g < groups; g++) {
        for (int lane = 0; lane < lanes; lane++) {
          assertEquals(
              scales[(row + lane) * groups + g],
              widened.getAtIndex(ValueLayout.JAVA_FLOAT, (long) g * lanes + lane));
        }
      }
    }
  }

  @Test
  void namesTheRemedyOfABadGroupSize() {
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> IntWeights.packedBytes(4, 100, 4, 32, true))
            .getMessage();
    assertTrue(message.contains("100") && message.contains("one scale per channel"), message);
    assertThrows(IllegalArgumentException.class, () -> IntWeights.packedBytes(4, 100, 4, 20, true));
    assertThrows(
        IllegalArgumentException.class, () -> IntWeights.packedBytes(4, 100, 9, 100, true));
  }

  @Test
  void rejectsCodesAndZeroPointsBeyondTheBitWidth() {
    assertThrows(
        IllegalArgumentException.class,
        () -> IntWeights.packSymmetric(new byte[] {8}, new float[1], 1, 1, 4, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> IntWeights.packSymmetric(new byte[] {-9}, new float[1], 1, 1, 4, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> IntWeights.packAsymmetric(new byte[] {-1}, new float[1], new int[1], 1, 1, 4, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> IntWeights.packAsymmetric(new byte[1], new float[1], new int[] {16}, 1, 1, 4, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> IntWeights.packSymmetric(new byte[2], new float[1], 1, 1, 4, 1));
  }
}
