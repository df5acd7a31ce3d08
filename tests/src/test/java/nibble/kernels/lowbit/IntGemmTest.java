package nibble.kernels.lowbit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.lowbit.Cases.Codes;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.rowwise.Activation;
import nibble.kernels.rowwise.Activations;
import nibble.kernels.rowwise.Elementwise;
import org.junit.jupiter.api.Test;

class IntGemmTest {
  private static final float SENTINEL = -12345.5f;

  private final IntGemm scalar = new ScalarIntGemm();
  private final IntGemm vector = IntGemm.best();

  record Case(
      int rows,
      int out,
      int in,
      int bits,
      int groupSize,
      boolean symmetric,
      Codes codes,
      boolean bias,
      int workers,
      long seed) {}

  @Provide
  Arbitrary<Case> cases() {
    Arbitrary<int[]> inputs = // in, group size
        Arbitraries.of(
            new int[] {1, 1},
            new int[] {7, 7},
            new int[] {8, 8},
            new int[] {77, 77},
            new int[] {64, 32},
            new int[] {96, 32},
            new int[] {40, 8},
            new int[] {192, 192},
            new int[] {192, 64},
            new int[] {256, 128},
            new int[] {600, 600},
            new int[] {768, 32},
            new int[] {1100, 1100},
            new int[] {1152, 576});
    Arbitrary<int[]> shape = // rows, out
        Combinators.combine(
                Arbitraries.integers().between(1, 20),
                Arbitraries.oneOf(
                    Arbitraries.integers().between(1, 70), Arbitraries.of(64, 96, 128, 192)))
            .as((r, o) -> new int[] {r, o});
    return Combinators.combine(
            shape,
            inputs,
            Arbitraries.integers().between(2, 8),
            Arbitraries.of(true, false),
            Arbitraries.of(Codes.class),
            Arbitraries.of(true, false),
            Arbitraries.of(1, 2),
            Arbitraries.longs())
        .as(
            (s, i, bits, symmetric, codes, bias, workers, seed) ->
                new Case(s[0], s[1], i[0], bits, i[1], symmetric, codes, bias, workers, seed));
  }

  @Provide
  Arbitrary<ActivationQuantizer> quantizers() {
    Arbitrary<Integer> bits = Arbitraries.of(4, 4, 8, 2, 3, 5, 6);
    Arbitrary<Boolean> symmetric = Arbitraries.of(true, false);
    Arbitrary<ActivationQuantizer> dynamic =
        Combinators.combine(bits, symmetric, Arbitraries.of(1f, 0.9f, 0.3f))
            .as(ActivationQuantizer.PerToken::new);
    Arbitrary<ActivationQuantizer> fixed =
        Combinators.combine(
                bits, symmetric, Arbitraries.of(1e-6f, 0.02f, 0.5f), Arbitraries.of(0f, 0.4f, 1f))
            .as(
                (b, s, scale, zero) ->
                    new ActivationQuantizer.PerTensor(
                        b, s, scale, s ? 0 : (int) (zero * ((1 << b) - 1))));
    return Arbitraries.oneOf(dynamic, fixed);
  }

  @Property(tries = 250)
  void integerProductsAreEqualToTheLastBit(
      @ForAll("cases") Case c, @ForAll("quantizers") ActivationQuantizer quantizer) {
    Operands o = new Operands(c);
    float[] expected = o.output();
    float[] actual = o.output();
    try (WorkSplitter splitter = WorkSplitter.ofThreads(c.workers)) {
      scalar.multiply(
          c.rows,
          o.x,
          o.xOffset,
          o.xStride,
          quantizer,
          o.weights,
          Epilogue.ofBias(o.bias),
          expected,
          o.outOffset,
          o.outStride,
          WorkSplitter.serial());
      vector.multiply(
          c.rows,
          o.x,
          o.xOffset,
          o.xStride,
          quantizer,
          o.weights,
          Epilogue.ofBias(o.bias),
          actual,
          o.outOffset,
          o.outStride,
          splitter);
    }
    assertArrayEquals(expected, actual);
    o.assertNothingElseWritten(actual);
  }

  @Property(tries = 150)
  void floatProductsAgreeWithinTheRoundingOfTheirSums(@ForAll("cases") Case c) {
    Operands o = new Operands(c);
    float[] expected = o.output();
    float[] actual = o.output();
    try (WorkSplitter splitter = WorkSplitter.ofThreads(c.workers)) {
      scalar.multiply(
          c.rows,
          o.x,
          o.xOffset,
          o.xStride,
          o.weights,
          Epilogue.ofBias(o.bias),
          expected,
          o.outOffset,
          o.outStride,
          WorkSplitter.serial());
      vector.multiply(
          c.rows,
          o.x,
          o.xOffset,
          o.xStride,
          o.weights,
          Epilogue.ofBias(o.bias),
          actual,
          o.outOffset,
          o.outStride,
          splitter);
    }
    for (int r = 0; r < c.rows; r++) {
      for (int j = 0; j < c.out; j++) {
        int at = o.outOffset + r * o.outStride + j;
        // Each of in + groups additions rounds a partial sum of terms of at most scale * 2^bits *
        // |x|: codes are multiplied before the zero
        // point is taken off.
        double magnitude = o.bias == null ? 0 : Math.abs(o.bias[j]);
        for (int k = 0; k < c.in; k++) {
          magnitude +=
              Math.abs(o.x[o.xOffset + r * o.xStride + k])
                  * o.weights.scale(j, k / c.groupSize)
                  * (2 << c.bits);
        }
        double bound = (c.in + 2.0 * c.in / c.groupSize + 4) * 0x1p-24 * magnitude;
        assertEquals(expected[at], actual[at], bound);
      }
    }
    o.assertNothingElseWritten(actual);
  }

  @Test
  void extremeCodesOfBothSidesDoNotOverflow() {
    for (int bits : new int[] {4, 8}) {
      for (boolean symmetric : new boolean[] {true, false}) {
        for (int in : new int[] {32, 64, 1032}) {
          for (int rows : new int[] {1, 7}) {
            for (float value : new float[] {-1e9f, 1e9f}) {
              int zeroPoint = symmetric ? 0 : value < 0 ? 255 : 0;
              ActivationQuantizer quantizer =
                  new ActivationQuantizer.PerTensor(8, symmetric, 1, zeroPoint);
              for (Codes codes : Codes.values()) {
                IntWeights weights =
                    Cases.weights(new Random(5), 17, in, bits, in, symmetric, codes);
                float[] x = new float[rows * in];
                Arrays.fill(x, value);
                float[] expected = new float[rows * 17];
                float[] actual = new float[rows * 17];
                scalar.multiply(
                    rows,
                    x,
                    0,
                    in,
                    quantizer,
                    weights,
                    Epilogue.NONE,
                    expected,
                    0,
                    17,
                    WorkSplitter.serial());
                vector.multiply(
                    rows,
                    x,
                    0,
                    in,
                    quantizer,
                    weights,
                    Epilogue.NONE,
                    actual,
                    0,
                    17,
                    WorkSplitter.serial());
                assertArrayEquals(expected, actual, () -> bits + " bits, in " + in + ", " + codes);
              }
            }
          }
        }
      }
    }
  }

  @Property(tries = 60)
  void rowsQuantizedOnceServeAnyWeights(
      @ForAll("cases") Case c, @ForAll("quantizers") ActivationQuantizer quantizer) {
    Operands o = new Operands(c);
    IntWeights other =
        Cases.weights(
            new Random(c.seed + 1),
            9,
            c.in,
            9 - Math.min(c.bits, 7),
            c.groupSize,
            !c.symmetric,
            c.codes);
    int stride = QuantizedRows.stride(c.in);
    try (WorkSplitter splitter = WorkSplitter.ofThreads(c.workers)) {
      for (IntGemm gemm : new IntGemm[] {scalar, vector}) {
        float[] levels = new float[4 + c.rows * stride];
        float[] grid = new float[1 + 2 * c.rows];
        QuantizedRows rows =
            gemm.quantize(
                c.rows, c.in, o.x, o.xOffset, o.xStride, quantizer, levels, 4, grid, 1, splitter);
        for (IntWeights weights : new IntWeights[] {o.weights, other}) {
          float[] expected = new float[c.rows * weights.out()];
          float[] actual = new float[c.rows * weights.out()];
          gemm.multiply(
              c.rows,
              o.x,
              o.xOffset,
              o.xStride,
              quantizer,
              weights,
              Epilogue.NONE,
              expected,
              0,
              weights.out(),
              splitter);
          gemm.multiply(rows, weights, Epilogue.NONE, actual, 0, weights.out(), splitter);
          assertArrayEquals(expected, actual);
        }
      }
    }
  }

  @Property(tries = 60)
  void epiloguesGiveTheBitsOfSeparatePasses(
      @ForAll("cases") Case c,
      @ForAll("quantizers") ActivationQuantizer quantizer,
      @ForAll boolean withResidual,
      @ForAll Activation f) {
    Operands o = new Operands(c);
    float[] residual = Cases.activations(new Random(c.seed), c.rows * (c.out + 1));
    Epilogue plain = Epilogue.ofBias(o.bias);
    Epilogue epilogue = withResidual ? plain.then(f).plus(residual, 1, c.out + 1) : plain.then(f);
    try (WorkSplitter splitter = WorkSplitter.ofThreads(c.workers)) {
      for (IntGemm gemm : new IntGemm[] {scalar, vector}) {
        for (boolean isQuantized : new boolean[] {true, false}) {
          float[] expected = product(gemm, isQuantized, quantizer, o, plain, splitter);
          for (int r = 0; r < c.rows; r++) {
            int at = o.outOffset + r * o.outStride;
            Activations.best().forward(f, c.out, expected, at, expected, at);
            if (withResidual) {
              Elementwise.best()
                  .add(c.out, residual, 1 + r * (c.out + 1), expected, at, expected, at);
            }
          }
          assertArrayEquals(expected, product(gemm, isQuantized, quantizer, o, epilogue, splitter));
        }
      }
    }
  }

  private static float[] product(
      IntGemm gemm,
      boolean isQuantized,
      ActivationQuantizer quantizer,
      Operands o,
      Epilogue epilogue,
      WorkSplitter splitter) {
    float[] out = o.output();
    Case c = o.c;
    if (isQuantized) {
      gemm.multiply(
          c.rows,
          o.x,
          o.xOffset,
          o.xStride,
          quantizer,
          o.weights,
          epilogue,
          out,
          o.outOffset,
          o.outStride,
          splitter);
    } else {
      gemm.multiply(
          c.rows,
          o.x,
          o.xOffset,
          o.xStride,
          o.weights,
          epilogue,
          out,
          o.outOffset,
          o.outStride,
          splitter);
    }
    return out;
  }

  /**
   * Quotients next to the middle between two integers, where a product with the reciprocal would
   * round to the other one.
   */
  @Property(tries = 300)
  void levelsAreThoseOfADivision(
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean symmetric,
      @ForAll @IntRange(min = -125, max = 125) int exponent,
      @ForAll long seed) {
    Random random = new Random(seed);
    float scale = Math.scalb(1 + random.nextFloat(), exponent);
    ActivationQuantizer quantizer =
        new ActivationQuantizer.PerTensor(
            bits, symmetric, scale, symmetric ? 0 : random.nextInt(1 << bits));
    int in = 83;
    float[] x = new float[8 * in];
    for (int i = 0; i < x.length; i++) {
      float middle = (random.nextInt(2 << bits) - (1 << bits) + 0.5f) * scale;
      int away = random.nextInt(9) - 4;
      x[i] =
          random.nextInt(50) == 0
              ? Float.NaN
              : away < 4
                  ? Float.intBitsToFloat(Float.floatToRawIntBits(middle) + away)
                  : Float.POSITIVE_INFINITY;
    }
    int stride = QuantizedRows.stride(in);
    float[] expected = new float[8 * stride];
    float[] actual = new float[8 * stride];
    scalar.quantize(
        8, in, x, 0, in, quantizer, expected, 0, new float[16], 0, WorkSplitter.serial());
    vector.quantize(8, in, x, 0, in, quantizer, actual, 0, new float[16], 0, WorkSplitter.serial());
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i] + 0.0f, actual[i] + 0.0f, "level " + i); // zeros of either sign
    }
  }

  @Test
  void nanSpoilsItsRowOnly() {
    IntWeights weights = Cases.weights(new Random(3), 20, 64, 4, 32, true, Codes.RANDOM);
    for (int rows : new int[] {2, 8}) {
      float[] x = Cases.activations(new Random(4), rows * 64);
      x[64 + 5] = Float.NaN;
      float[] out = new float[rows * 20];
      vector.multiply(
          rows,
          x,
          0,
          64,
          ActivationQuantizer.perToken(8, true),
          weights,
          Epilogue.NONE,
          out,
          0,
          20,
          WorkSplitter.serial());
      assertTrue(Float.isFinite(out[0]));
      assertTrue(Float.isNaN(out[20]) && Float.isNaN(out[39]));
    }
  }

  @Test
  void aRowOfZerosGivesTheBias() {
    IntWeights weights = Cases.weights(new Random(3), 3, 64, 4, 32, false, Codes.RANDOM);
    float[] out = new float[3];
    float[] bias = {1, 2, 3};
    for (boolean symmetric : new boolean[] {true, false}) {
      vector.multiply(
          1,
          new float[64],
          0,
          64,
          ActivationQuantizer.perToken(4, symmetric),
          weights,
          Epilogue.ofBias(bias),
          out,
          0,
          3,
          WorkSplitter.serial());
      assertArrayEquals(bias, out);
    }
  }

  @Test
  void rejectsWhatDoesNotFit() {
    IntWeights weights = Cases.weights(new Random(3), 3, 64, 4, 32, false, Codes.RANDOM);
    WorkSplitter serial = WorkSplitter.serial();
    for (IntGemm gemm : new IntGemm[] {scalar, vector}) {
      assertThrows(
          IndexOutOfBoundsException.class,
          () ->
              gemm.multiply(
                  1, new float[63], 0, 64, weights, Epilogue.NONE, new float[3], 0, 3, serial));
      assertThrows(
          IndexOutOfBoundsException.class,
          () ->
              gemm.multiply(
                  2, new float[128], 0, 64, weights, Epilogue.NONE, new float[5], 0, 3, serial));
      QuantizedRows rows =
          gemm.quantize(
              1,
              32,
              new float[32],
              0,
              32,
              ActivationQuantizer.perToken(4, true),
              new float[QuantizedRows.stride(32)],
              0,
              new float[2],
              0,
              serial);
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> gemm.multiply(rows, weights, Epilogue.NONE, new float[3], 0, 3, serial))
              .getMessage();
      assertEquals("the weights take 64 inputs, the quantized rows have 32", message);
      assertThrows(
          IndexOutOfBoundsException.class,
          () ->
              gemm.quantize(
                  2,
                  32,
                  new float[64],
                  0,
                  32,
                  ActivationQuantizer.perToken(4, true),
                  new float[2 * QuantizedRows.stride(32) - 1],
                  0,
                  new float[4],
                  0,
                  serial));
      assertThrows(
          IndexOutOfBoundsException.class,
          () ->
              gemm.multiply(
                  1,
                  new float[64],
                  0,
                  64,
                  weights,
                  Epilogue.ofBias(new float[2]),
                  new float[3],
                  0,
                  3,
                  serial));
    }
  }

  /** Arrays with room around the data. */
  private static final class Operands {
    final Case c;
    final IntWeights weights;
    final int xOffset = 3;
    final int xStride;
    final float[] x;
    final float[] bias;
    final int outOffset = 2;
    final int outStride;

    Operands(Case c) {
      this.c = c;
      Random random = new Random(c.seed);
      weights = Cases.weights(random, c.out, c.in, c.bits, c.groupSize, c.symmetric, c.codes);
      xStride = c.in + 5;
      outStride = c.out + 3;
      x = new float[xOffset + c.rows * xStride];
      Arrays.fill(x, Float.NaN); // whatever reads beyond a row shows
      for (int r = 0; r < c.rows; r++) {
        System.arraycopy(Cases.activations(random, c.in), 0, x, xOffset + r * xStride, c.in);
      }
      bias = c.bias ? Cases.activations(random, c.out) : null;
    }

    float[] output() {
      float[] out = new float[outOffset + c.rows * outStride];
      Arrays.fill(out, SENTINEL);
      return out;
    }

    void assertNothingElseWritten(float[] out) {
      for (int i = 0; i < out.length; i++) {
        int column = (i - outOffset) % outStride;
        if (i < outOffset || column >= c.out) {
          assertEquals(SENTINEL, out[i], "element " + i);
        }
      }
    }
  }
}
