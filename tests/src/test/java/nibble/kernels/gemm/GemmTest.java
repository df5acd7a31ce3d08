package nibble.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import nibble.kernels.gemm.Gemm.WeightType;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.rowwise.Activation;
import nibble.kernels.rowwise.Activations;
import nibble.kernels.rowwise.Elementwise;

/**
 * The best kernel of this machine agrees with the scalar one, within the bound for sums in another
 * order.
 */
class GemmTest {
  private static final float SENTINEL = 12345.678f;
  private static final WorkSplitter ONE = WorkSplitter.serial();
  private static final WorkSplitter TWO = WorkSplitter.ofThreads(2);
  private static final WorkSplitter THREE = WorkSplitter.ofThreads(3);

  private final Gemm scalar = new ScalarGemm();
  private final Gemm best = Gemm.best();
  private final Scratch scratch = new Scratch();

  @AfterContainer
  static void stop() {
    ONE.close();
    TWO.close();
    THREE.close();
  }

  @Property(tries = 200)
  void stridedProductsAgree(
      @ForAll @IntRange(min = 1, max = 70) int m,
      @ForAll @IntRange(min = 1, max = 70) int n,
      @ForAll @IntRange(max = 70) int k,
      @ForAll boolean transposeA,
      @ForAll boolean transposeB,
      @ForAll boolean accumulate,
      @ForAll @IntRange(max = 2) int workers,
      @ForAll long seed) {
    checkGemm(m, n, k, transposeA, transposeB, accumulate, workers, new SplittableRandom(seed));
  }

  /** Several cache blocks of every kind, and enough work to be shared. */
  @Example
  void largeProductsAgree() {
    SplittableRandom random = new SplittableRandom(7);
    for (int workers = 0; workers <= 2; workers++) {
      checkGemm(197, 197, 64, false, true, false, workers, random);
      checkGemm(197, 64, 197, false, false, true, workers, random);
      checkGemm(400, 33, 301, true, false, true, workers, random);
      checkGemm(31, 133, 777, false, true, false, workers, random);
      checkGemm(2100, 9, 3, true, false, false, workers, random);
    }
  }

  private void checkGemm(
      int m,
      int n,
      int k,
      boolean transposeA,
      boolean transposeB,
      boolean accumulate,
      int workers,
      SplittableRandom random) {
    Operand a = Operand.random(m, k, transposeA, 1 + random.nextInt(2), random);
    Operand b = Operand.random(k, n, transposeB, 1 + random.nextInt(2), random);
    float alpha = random.nextBoolean() ? 1 : (float) random.nextDouble(-2, 2);
    int cOffset = random.nextInt(5);
    int cRow = n + random.nextInt(5);
    float[] expected = window(m, n, cOffset, cRow, random);
    float[] actual = expected.clone();
    float[] bound = expected.clone();
    Operand absoluteA = a.absolute();
    Operand absoluteB = b.absolute();
    absolute(bound);
    scalar.gemm(
        m,
        n,
        k,
        alpha,
        a.values,
        a.offset,
        a.row,
        a.column,
        b.values,
        b.offset,
        b.row,
        b.column,
        accumulate,
        expected,
        cOffset,
        cRow,
        scratch);
    scalar.gemm(
        m,
        n,
        k,
        Math.abs(alpha),
        absoluteA.values,
        a.offset,
        a.row,
        a.column,
        absoluteB.values,
        b.offset,
        b.row,
        b.column,
        accumulate,
        bound,
        cOffset,
        cRow,
        scratch);
    if (workers == 0) {
      best.gemm(
          m,
          n,
          k,
          alpha,
          a.values,
          a.offset,
          a.row,
          a.column,
          b.values,
          b.offset,
          b.row,
          b.column,
          accumulate,
          actual,
          cOffset,
          cRow,
          scratch);
    } else {
      best.gemm(
          m,
          n,
          k,
          alpha,
          a.values,
          a.offset,
          a.row,
          a.column,
          b.values,
          b.offset,
          b.row,
          b.column,
          accumulate,
          actual,
          cOffset,
          cRow,
          workers == 1 ? ONE : TWO);
    }
    assertClose(m, n, k, expected, actual, bound, cOffset, cRow);
  }

  @Property(tries = 250)
  void packedProductsAgree(
      @ForAll @IntRange(min = 1, max = 13) int rows,
      @ForAll @IntRange(min = 1, max = 70) int out,
      @ForAll @IntRange(max = 70) int in,
      @ForAll WeightType type,
      @ForAll boolean withBias,
      @ForAll boolean parallel,
      @ForAll long seed) {
    checkMultiply(rows, out, in, type, withBias, parallel ? TWO : ONE, new SplittableRandom(seed));
  }

  @Example
  void largePackedProductsAgree() {
    SplittableRandom random = new SplittableRandom(11);
    for (WeightType type : WeightType.values()) {
      for (WorkSplitter splitter : new WorkSplitter[] {ONE, TWO}) {
        checkMultiply(1, 777, 1001, type, true, splitter, random);
        checkMultiply(3, 500, 999, type, false, splitter, random);
        checkMultiply(97, 131, 515, type, true, splitter, random);
        checkMultiply(59, 77, 1601, type, true, splitter, random);
        checkMultiply(197, 130, 93, type, true, splitter, random);
      }
    }
  }

  @Example
  void threadsDoNotChangeBits() {
    SplittableRandom random = new SplittableRandom(12);
    int out = 201;
    for (int[] shape :
        new int[][] {{197, 192}, {197, 1100}, {1100, 93}, {64, 768}, {26, 1500}}) { // rows, in
      int rows = shape[0];
      int in = shape[1];
      float[] x = floats(rows * in, random);
      float[] residual = floats(rows * out, random);
      Epilogue epilogue =
          Epilogue.ofBias(floats(out, random)).then(Activation.GELU).plus(residual, 0, out);
      for (WeightType type : new WeightType[] {WeightType.F32, WeightType.BF16}) {
        MemorySegment values = MemorySegment.ofArray(new byte[out * in * type.bytes()]);
        for (int i = 0; i < out * in; i++) {
          set(values, 0, type, i, (float) random.nextDouble(-1, 1));
        }
        PackedMatrix weights = best.pack(values, 0, type, out, in);
        float[] expected = new float[rows * out];
        best.multiply(rows, x, 0, in, weights, epilogue, expected, 0, out, ONE);
        for (WorkSplitter splitter : new WorkSplitter[] {TWO, THREE}) {
          float[] actual = new float[rows * out];
          best.multiply(rows, x, 0, in, weights, epilogue, actual, 0, out, splitter);
          assertArrayEquals(
              expected,
              actual,
              rows + " rows, " + in + " inputs, " + splitter.workers() + " threads");
        }
      }
    }
  }

  private void checkMultiply(
      int rows,
      int out,
      int in,
      WeightType type,
      boolean withBias,
      WorkSplitter splitter,
      SplittableRandom random) {
    long byteOffset = random.nextInt(3) * type.bytes();
    MemorySegment weights =
        MemorySegment.ofArray(new byte[(int) byteOffset + out * in * type.bytes()]);
    MemorySegment absolute =
        MemorySegment.ofArray(new byte[(int) byteOffset + out * in * type.bytes()]);
    for (int i = 0; i < out * in; i++) {
      float value = (float) random.nextDouble(-1, 1) * (random.nextInt(9) == 0 ? 1e-6f : 1);
      set(weights, byteOffset, type, i, value);
      set(absolute, byteOffset, type, i, Math.abs(value));
    }
    Operand x = Operand.random(rows, in, false, 1, random);
    float[] bias = withBias ? floats(out, random) : null;
    float[] absoluteBias = withBias ? bias.clone() : null;
    if (withBias) {
      absolute(absoluteBias);
    }
    int outOffset = random.nextInt(5);
    int outStride = out + random.nextInt(5);
    float[] expected = window(rows, out, outOffset, outStride, random);
    float[] actual = expected.clone();
    float[] bound = expected.clone();
    absolute(bound);
    scalar.multiply(
        rows,
        x.values,
        x.offset,
        x.row,
        scalar.pack(weights, byteOffset, type, out, in),
        Epilogue.ofBias(bias),
        expected,
        outOffset,
        outStride,
        ONE);
    scalar.multiply(
        rows,
        x.absolute().values,
        x.offset,
        x.row,
        scalar.pack(absolute, byteOffset, type, out, in),
        Epilogue.ofBias(absoluteBias),
        bound,
        outOffset,
        outStride,
        ONE);
    PackedMatrix packed = best.pack(weights, byteOffset, type, out, in);
    assertTrue(packed.bytes() >= (long) out * in * type.bytes());
    best.multiply(
        rows,
        x.values,
        x.offset,
        x.row,
        packed,
        Epilogue.ofBias(bias),
        actual,
        outOffset,
        outStride,
        splitter);
    assertClose(rows, out, in, expected, actual, bound, outOffset, outStride);
  }

  /** The same bits as the product with its bias, then the function, then the sum. */
  @Property(tries = 120)
  void epiloguesEqualTheSeparateKernels(
      @ForAll @IntRange(min = 1, max = 40) int rows,
      @ForAll @IntRange(min = 1, max = 150) int out,
      @ForAll @IntRange(max = 40) int in,
      @ForAll boolean withBias,
      @ForAll boolean withResidual,
      @ForAll Activation f,
      @ForAll boolean parallel,
      @ForAll long seed) {
    checkEpilogue(
        rows, out, in, withBias, withResidual, f, parallel ? TWO : ONE, new SplittableRandom(seed));
  }

  /** Several blocks of steps, and several groups of panels to finish. */
  @Example
  void largeEpiloguesEqualTheSeparateKernels() {
    SplittableRandom random = new SplittableRandom(17);
    checkEpilogue(300, 1100, 1300, true, true, Activation.RELU, TWO, random);
    checkEpilogue(1, 900, 1300, true, true, Activation.GELU, TWO, random);
  }

  private void checkEpilogue(
      int rows,
      int out,
      int in,
      boolean withBias,
      boolean withResidual,
      Activation f,
      WorkSplitter splitter,
      SplittableRandom random) {
    Operand x = Operand.random(rows, in, false, 1, random);
    Operand residual = Operand.random(rows, out, false, 1, random);
    float[] bias = withBias ? floats(out, random) : null;
    PackedMatrix packed =
        best.pack(MemorySegment.ofArray(floats(out * in, random)), 0, WeightType.F32, out, in);
    int outOffset = random.nextInt(5);
    int outStride = out + random.nextInt(5);
    float[] expected = window(rows, out, outOffset, outStride, random);
    float[] actual = expected.clone();
    best.multiply(
        rows,
        x.values,
        x.offset,
        x.row,
        packed,
        Epilogue.ofBias(bias),
        expected,
        outOffset,
        outStride,
        splitter);
    for (int r = 0; r < rows; r++) {
      int at = outOffset + r * outStride;
      Activations.best().forward(f, out, expected, at, expected, at);
      if (withResidual) {
        Elementwise.best()
            .add(
                out,
                residual.values,
                residual.offset + r * residual.row,
                expected,
                at,
                expected,
                at);
      }
    }
    Epilogue epilogue = Epilogue.ofBias(bias).then(f);
    if (withResidual) {
      epilogue = epilogue.plus(residual.values, residual.offset, residual.row);
    }
    best.multiply(
        rows, x.values, x.offset, x.row, packed, epilogue, actual, outOffset, outStride, splitter);
    assertArrayEquals(expected, actual);
  }

  /**
   * Every 16-bit pattern times one is itself: no rounding, so the results are equal. F16 with and
   * without what is not finite.
   */
  @Example
  void everySixteenBitWeightIsWidenedExactly() {
    checkWidening(WeightType.F16, true);
    checkWidening(WeightType.F16, false);
    checkWidening(WeightType.BF16, false);
  }

  private void checkWidening(WeightType type, boolean onlyFinite) {
    short[] bits = new short[1 << 16];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = (short) (onlyFinite && (i & 0x7C00) == 0x7C00 ? i & 0x83FF : i);
    }
    for (int rows : new int[] {1, 2, 7}) {
      for (int in : new int[] {1, 2}) { // the weight is in the low or in the high half of a pair
        short[] padded = new short[bits.length * in];
        for (int i = 0; i < bits.length; i++) {
          padded[i * in + in - 1] = bits[i];
        }
        float[] x = new float[rows * in];
        for (int r = 0; r < rows; r++) {
          x[r * in + in - 1] = 1;
        }
        float[] actual = new float[rows * bits.length];
        PackedMatrix packed = best.pack(MemorySegment.ofArray(padded), 0, type, bits.length, in);
        best.multiply(rows, x, 0, in, packed, Epilogue.NONE, actual, 0, bits.length, ONE);
        for (int i = 0; i < actual.length; i++) {
          short value = bits[i % bits.length];
          float expected =
              type == WeightType.F16
                  ? Float.float16ToFloat(value)
                  : Float.intBitsToFloat(value << 16);
          assertEquals(
              expected == 0 ? 0f : expected,
              actual[i] == 0 ? 0f : actual[i],
              type + " " + Integer.toHexString(value & 0xFFFF));
        }
      }
    }
  }

  @Example
  void operandsOutsideTheirArraysAreRejected() {
    float[] four = new float[4];
    assertThrows(
        IndexOutOfBoundsException.class,
        () ->
            best.gemm(
                2, 2, 2, 1, four, 1, 2, 1, four, 0, 2, 1, false, new float[4], 0, 2, scratch));
    assertThrows(
        IndexOutOfBoundsException.class,
        () ->
            best.gemm(
                2, 2, 2, 1, four, 0, 2, 1, four, 0, 2, 1, false, new float[3], 0, 2, scratch));
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> best.pack(MemorySegment.ofArray(four), 4, WeightType.F32, 2, 2));
    PackedMatrix packed = best.pack(MemorySegment.ofArray(four), 0, WeightType.F32, 2, 2);
    for (Epilogue bad :
        new Epilogue[] {Epilogue.ofBias(new float[1]), Epilogue.NONE.plus(new float[3], 0, 2)}) {
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> best.multiply(2, four, 0, 2, packed, bad, new float[4], 0, 2, ONE));
    }
    float[] shared = new float[8];
    Epilogue overlapping = Epilogue.NONE.plus(shared, 3, 2);
    assertThrows(
        IllegalArgumentException.class,
        () -> best.multiply(2, four, 0, 2, packed, overlapping, shared, 0, 2, ONE));
    best.multiply(2, four, 0, 2, packed, Epilogue.NONE.plus(shared, 4, 2), shared, 0, 2, ONE);
  }

  private static void assertClose(
      int m, int n, int k, float[] expected, float[] actual, float[] bound, int offset, int row) {
    for (int at = 0; at < expected.length; at++) {
      int i = Math.floorDiv(at - offset, row);
      int j = Math.floorMod(at - offset, row);
      if (i < 0 || i >= m || j >= n) {
        assertEquals(SENTINEL, actual[at], "written outside the result");
      } else { // k + 3 roundings (products, start value, bias, scaling), each at most 2^-24 of the
        // sum of magnitudes; twice for slack
        assertEquals(
            expected[at], actual[at], (k + 3) * 0x1p-23f * bound[at], "[" + i + ", " + j + "]");
      }
    }
  }

  private static float[] window(int m, int n, int offset, int row, SplittableRandom random) {
    float[] c = new float[offset + m * row + random.nextInt(5)];
    Arrays.fill(c, SENTINEL);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        c[offset + i * row + j] = (float) random.nextDouble(-1, 1);
      }
    }
    return c;
  }

  private static float[] floats(int count, SplittableRandom random) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }

  private static void absolute(float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.abs(values[i]);
    }
  }

  private static void set(
      MemorySegment weights, long byteOffset, WeightType type, int i, float value) {
    long at = byteOffset + (long) i * type.bytes();
    switch (type) {
      case F32 -> weights.set(JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), at, value);
      case F16 ->
          weights.set(
              JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
              at,
              Float.floatToFloat16(value));
      case BF16 ->
          weights.set(
              JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
              at,
              (short) (Float.floatToRawIntBits(value) >>> 16));
    }
  }

  /**
   * A strided matrix somewhere in an array; what lies between its elements is not a number, so
   * reading it shows.
   */
  private record Operand(float[] values, int offset, int row, int column) {
    static Operand random(
        int rows, int columns, boolean transpose, int inner, SplittableRandom random) {
      int outer = (transpose ? rows : columns) * inner + random.nextInt(5);
      int offset = random.nextInt(5);
      int row = transpose ? inner : outer;
      int column = transpose ? outer : inner;
      float[] values = new float[offset + Math.max(0, rows * row) + Math.max(0, columns * column)];
      Arrays.fill(values, Float.NaN);
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          values[offset + i * row + j * column] = (float) random.nextDouble(-1, 1);
        }
      }
      return new Operand(values, offset, row, column);
    }

    Operand absolute() {
      float[] magnitudes = values.clone();
      GemmTest.absolute(magnitudes);
      return new Operand(magnitudes, offset, row, column);
    }
  }
}
