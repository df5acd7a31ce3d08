package nibble.quant.gptq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.TestWeights;
import nibble.quant.TestWeights.Sample;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Symmetry;
import nibble.quant.format.WeightScheme;
import nibble.quant.observer.Hessian;
import nibble.quant.observer.HessianAccumulator;
import nibble.quant.rtn.Rtn;
import nibble.tensor.Tensor;

class GptqTest {
  private final WorkSplitter serial = WorkSplitter.serial();

  @Provide
  Arbitrary<Sample> weights() {
    return TestWeights.samples(5, 40);
  }

  @Provide
  Arbitrary<WeightScheme> schemes() {
    Arbitrary<Granularity> granularities =
        Arbitraries.of(
            new Granularity.PerTensor(),
            new Granularity.PerChannel(),
            new Granularity.PerGroup(8),
            new Granularity.PerGroup(5));
    return Combinators.combine(
            Arbitraries.integers().between(2, 8),
            Arbitraries.of(Symmetry.class),
            granularities,
            Arbitraries.of(ClipSearch.none(), ClipSearch.mse()))
        .as(
            (bits, symmetry, granularity, clip) ->
                new WeightScheme(new IntFormat(bits, symmetry), granularity, clip));
  }

  @Provide
  Arbitrary<GptqOptions> options() {
    return Combinators.combine(
            Arbitraries.of(1, 3, 8, 128),
            Arbitraries.of(0.01, 0.1),
            Arbitraries.of(ColumnOrder.class))
        .as((block, dampening, order) -> new GptqOptions(block, dampening, order, true));
  }

  /** Inputs with columns that depend on one another and differ in size. */
  private static float[] inputs(int tokens, int in, long seed) {
    Random random = new Random(seed);
    float[] x = new float[tokens * in];
    for (int t = 0; t < tokens; t++) {
      double common = random.nextGaussian();
      for (int i = 0; i < in; i++) {
        x[t * in + i] = (float) ((0.7 * common + random.nextGaussian()) * (1 + (i * 7 % 5)));
      }
    }
    return x;
  }

  private Hessian hessian(int tokens, int in, long seed) {
    HessianAccumulator accumulator = new HessianAccumulator("x", in);
    accumulator.add(inputs(tokens, in, seed), 0, tokens, serial);
    return accumulator.hessian();
  }

  private GptqResult gptq(
      Sample sample, Hessian hessian, WeightScheme scheme, GptqOptions options) {
    return Gptq.solve(
        "w",
        sample.values(),
        sample.out(),
        sample.in(),
        hessian,
        Frozen.NONE,
        scheme,
        options,
        serial);
  }

  private static double[] difference(float[] a, float[] b) {
    double[] d = new double[a.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = (double) a[i] - b[i];
    }
    return d;
  }

  @Property(tries = 100)
  void aDiagonalHessianGivesRtnBitForBit(
      @ForAll("weights") Sample sample,
      @ForAll("schemes") WeightScheme scheme,
      @ForAll("options") GptqOptions options) {
    double[] h = new double[sample.in() * sample.in()];
    for (int i = 0; i < sample.in(); i++) {
      h[i * sample.in() + i] = 0.1 + i % 7;
    }
    Hessian diagonal = new Hessian("x", h, sample.in(), 1);
    QuantizedTensor expected =
        Rtn.quantize("w", sample.values(), sample.out(), sample.in(), scheme, serial);
    boolean natural = options.order() == ColumnOrder.NATURAL;
    for (GptqOptions o :
        natural
            ? new GptqOptions[] {options, options.withStaticGroups(false)}
            : new GptqOptions[] {options}) {
      GptqResult actual = gptq(sample, diagonal, scheme, o);
      assertArrayEquals(expected.codes(), actual.quantized().codes());
      assertArrayEquals(expected.params().scales(), actual.quantized().params().scales());
      assertArrayEquals(expected.params().zeroPoints(), actual.quantized().params().zeroPoints());
    }
  }

  /**
   * In exact arithmetic {@code W - Q = e U} and {@code U H U^T = I}, so that {@code |e|^2 = tr(D H
   * D^T)}. What rounding to double ({@code u = 2^-53}, n inputs) adds:
   *
   * <ul>
   *   <li>The running weight and the quotient of an element lose at most {@code (n + 3) u (|w| +
   *       sum_k |e_k U_k|)}; over all of them, with {@code sum_k U_k^2 = (H^-1)_ii <= 1 / lambda},
   *       {@code |delta| <= (n + 3) u (|W| + |e| sqrt(n / lambda))}. The loop's e belongs to {@code
   *       D + delta}, whose norm under H is at most {@code sqrt(tr H) |delta|} away.
   *   <li>U is not quite the inverse factor: {@code |U H U^T - I| <= 3 n (n + 1) u tr H / lambda}
   *       (Higham, Accuracy and Stability, theorem 10.3 and section 14.2).
   *   <li>The sum on this side, {@code 2 n^2 u |H| |D|^2}, against {@code lambda |D|^2}.
   * </ul>
   */
  @Property(tries = 100)
  void theSquaresOfTheLoopAddUpToTheError(
      @ForAll("weights") Sample sample,
      @ForAll("schemes") WeightScheme scheme,
      @ForAll("options") GptqOptions options,
      @ForAll long seed) {
    int n = sample.in();
    Hessian hessian = hessian(3 * n, n, seed);
    GptqResult result = gptq(sample, hessian, scheme, options);
    double[] damped = hessian.values().clone();
    double trace = 0;
    for (int i = 0; i < n; i++) {
      damped[i * n + i] += result.lambda();
      trace += damped[i * n + i];
    }
    float[] w = sample.values();
    double[] d = difference(w, result.weight());
    double error = Math.sqrt(new Hessian("x", damped, n, 1).errorOf(d, sample.out()));
    double unit = 0x1p-53;
    double delta = norm(w) + error * Math.sqrt(n / result.lambda());
    double bound =
        5.0 * n * (n + 1) * unit * trace / result.lambda() * error
            + Math.sqrt(trace) * (n + 3) * unit * delta;
    assertEquals(error, Math.sqrt(result.error()), bound);
    assertArrayEquals(result.quantized().dequantize(), result.weight());
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }

  @Property(tries = 100)
  void theFormWithoutAnInverseFindsTheSameCodes(
      @ForAll("weights") Sample sample, @ForAll("schemes") WeightScheme scheme, @ForAll long seed) {
    Hessian hessian = hessian(2 * sample.in() + 1, sample.in(), seed);
    GptqOptions options = GptqOptions.DEFAULTS.withStaticGroups(true);
    GptqResult result = gptq(sample, hessian, scheme, options);
    QuantParams grids =
        Rtn.quantize("w", sample.values(), sample.out(), sample.in(), scheme, serial).params();
    assertArrayEquals(
        Ldlq.codes(sample.values(), sample.out(), sample.in(), hessian, result.lambda(), grids),
        result.quantized().codes());
  }

  @Property(tries = 60)
  void theBlockSizeDoesNotMatter(
      @ForAll("weights") Sample sample,
      @ForAll("schemes") WeightScheme scheme,
      @ForAll("options") GptqOptions options,
      @ForAll long seed) {
    Hessian hessian = hessian(2 * sample.in(), sample.in(), seed);
    byte[] expected = gptq(sample, hessian, scheme, options.withBlockSize(1)).quantized().codes();
    assertArrayEquals(
        expected, gptq(sample, hessian, scheme, options.withBlockSize(7)).quantized().codes());
    assertArrayEquals(
        expected,
        gptq(sample, hessian, scheme, options.withBlockSize(sample.in())).quantized().codes());
    if (options.order() == ColumnOrder.NATURAL) {
      GptqOptions fresh = options.withStaticGroups(false);
      byte[] updated = gptq(sample, hessian, scheme, fresh.withBlockSize(1)).quantized().codes();
      assertArrayEquals(
          updated, gptq(sample, hessian, scheme, fresh.withBlockSize(6)).quantized().codes());
      assertArrayEquals(
          updated, gptq(sample, hessian, scheme, fresh.withBlockSize(128)).quantized().codes());
    }
  }

  /**
   * Not a theorem: a greedy loop can lose on single small problems, so the sum over twenty is
   * compared.
   */
  @Property(tries = 5)
  void theErrorIsBelowThatOfRtn(@ForAll long seed) {
    double gptq = 0;
    double rtn = 0;
    for (int i = 0; i < 20; i++) {
      Sample sample = new Sample(TestWeights.GAUSSIAN, 8, 48, seed + i);
      Hessian hessian = hessian(200, 48, seed - i);
      WeightScheme scheme = WeightScheme.ofBits(3);
      float[] w = sample.values();
      gptq +=
          hessian.errorOf(
              difference(w, gptq(sample, hessian, scheme, GptqOptions.DEFAULTS).weight()), 8);
      rtn +=
          hessian.errorOf(
              difference(w, Rtn.quantize("w", w, 8, 48, scheme, serial).dequantize()), 8);
    }
    assertTrue(gptq < 0.8 * rtn, gptq + " against " + rtn);
  }

  @Property(tries = 40)
  void reorderedColumnsComeBackInPlace(@ForAll("weights") Sample sample, @ForAll long seed) {
    Hessian hessian = hessian(4 * sample.in() + 8, sample.in(), seed);
    GptqOptions options =
        GptqOptions.DEFAULTS.withOrder(ColumnOrder.BY_HESSIAN_DIAGONAL).withDampening(1);
    GptqResult result = gptq(sample, hessian, WeightScheme.ofBits(8), options);
    float[] w = sample.values();
    for (int i = 0; i < w.length; i++) {
      float scale = result.quantized().params().gridOf(i / sample.in(), i % sample.in()).scale();
      assertEquals(w[i], result.weight()[i], 4 * scale);
    }
  }

  @Property(tries = 40)
  void inputsThatWereAlwaysZeroGetZeroWeights(
      @ForAll("weights") Sample sample,
      @ForAll("schemes") WeightScheme scheme,
      @ForAll("options") GptqOptions options,
      @ForAll long seed) {
    int tokens = 2 * sample.in();
    float[] x = inputs(tokens, sample.in(), seed);
    for (int t = 0; t < tokens; t++) {
      for (int i = 0; i < sample.in(); i += 3) {
        x[t * sample.in() + i] = 0;
      }
    }
    HessianAccumulator accumulator = new HessianAccumulator("x", sample.in());
    accumulator.add(x, 0, tokens, serial);
    GptqResult result = gptq(sample, accumulator.hessian(), scheme, options);
    for (int i = 0; i < result.weight().length; i++) {
      assertTrue(Float.isFinite(result.weight()[i]));
      assertTrue(i % sample.in() % 3 != 0 || result.weight()[i] == 0);
    }
  }

  @Property(tries = 30)
  void dampeningIsRaisedUntilARankDeficientHessianCanBeFactored(@ForAll long seed) {
    Sample sample = new Sample(TestWeights.GAUSSIAN, 4, 32, seed);
    Hessian hessian = hessian(5, 32, seed);
    GptqResult none =
        gptq(sample, hessian, WeightScheme.ofBits(4), GptqOptions.DEFAULTS.withDampening(0));
    assertTrue(none.retries() > 0 && none.lambda() > 0);
    assertEquals(0, gptq(sample, hessian, WeightScheme.ofBits(4), GptqOptions.DEFAULTS).retries());
  }

  @Property(tries = 40)
  void frozenColumnsAbsorbTheErrorsOfTheOthers(@ForAll long seed) {
    Sample sample = new Sample(TestWeights.GAUSSIAN, 6, 24, seed);
    Hessian hessian = hessian(100, 24, seed);
    boolean[] frozen = new boolean[24];
    frozen[3] = frozen[17] = true;
    WeightScheme scheme = WeightScheme.ofBits(3);
    float[] w = sample.values();
    GptqResult result =
        Gptq.solve(
            "w", w, 6, 24, hessian, Frozen.columns(frozen), scheme, GptqOptions.DEFAULTS, serial);
    float[] kept = result.weight().clone();
    for (int row = 0; row < 6; row++) {
      for (int j : new int[] {3, 17}) {
        assertEquals(0f, result.quantized().dequantize()[row * 24 + j]);
        assertTrue(kept[row * 24 + j] != w[row * 24 + j]);
        kept[row * 24 + j] = w[row * 24 + j];
      }
    }
    double absorbed = hessian.errorOf(difference(w, result.weight()), 6);
    assertTrue(absorbed < hessian.errorOf(difference(w, kept), 6));
  }

  @Example
  void weightsAlreadyOnTheGridStay() {
    Sample sample = new Sample(TestWeights.GAUSSIAN, 4, 32, 1);
    WeightScheme scheme = WeightScheme.ofBits(4);
    QuantizedTensor first = Rtn.quantize("w", sample.values(), 4, 32, scheme, serial);
    GptqResult result =
        Gptq.solve(
            "w",
            first.dequantize(),
            4,
            32,
            hessian(64, 32, 2),
            Frozen.NONE,
            scheme,
            GptqOptions.DEFAULTS,
            serial);
    assertArrayEquals(first.codes(), result.quantized().codes());
    assertEquals(0, result.error(), 1e-6);
  }

  @Example
  void threadsDoNotChangeTheCodes() {
    Sample sample = new Sample(TestWeights.GAUSSIAN, 70, 96, 1);
    Hessian hessian = hessian(150, 96, 2);
    Tensor weight = Tensor.of(sample.values(), 70, 96);
    WeightScheme scheme = WeightScheme.ofBits(4).withGranularity(new Granularity.PerGroup(32));
    try (WorkSplitter two = WorkSplitter.ofThreads(2)) {
      Gptq method = new Gptq(GptqOptions.DEFAULTS);
      assertArrayEquals(
          method.quantize("w", weight, hessian, scheme, serial).codes(),
          method.quantize("w", weight, hessian, scheme, two).codes());
    }
  }

  @Example
  void whatCannotWorkIsRefused() {
    Gptq method = new Gptq(GptqOptions.DEFAULTS.withOrder(ColumnOrder.BY_HESSIAN_DIAGONAL));
    Tensor weight = Tensor.zeros(2, 8);
    WeightScheme groups = WeightScheme.ofBits(4).withGranularity(new Granularity.PerGroup(4));
    assertThrows(
        IllegalArgumentException.class, () -> method.quantize("w", weight, null, groups, serial));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> method.quantize("w", weight, hessian(8, 8, 1), groups, serial))
            .getMessage();
    assertTrue(message.contains("static-groups=true"), message);
    assertThrows(
        IllegalArgumentException.class,
        () -> method.quantize("w", weight, hessian(8, 7, 1), WeightScheme.ofBits(4), serial));
    Tensor poisoned = Tensor.of(new float[] {0, Float.NaN}, 1, 2);
    assertThrows(
        IllegalArgumentException.class,
        () -> method.quantize("w", poisoned, hessian(8, 2, 1), WeightScheme.ofBits(4), serial));
  }

  /**
   * The equivalent form of the card: {@code H = V D V^T}, V unit upper triangular, written with
   * plain loops.
   */
  private static final class Ldlq {
    static byte[] codes(
        float[] w, int out, int in, Hessian hessian, double lambda, QuantParams grids) {
      double[] v = hessian.values().clone();
      for (int i = 0; i < in; i++) {
        v[i * in + i] += lambda;
      }
      for (int k = in - 1; k >= 0; k--) { // eliminate from the last column: columns of V in place
        double d = v[k * in + k];
        for (int i = 0; i < k; i++) {
          for (int j = 0; j < k; j++) {
            v[i * in + j] -= v[i * in + k] * v[k * in + j] / d;
          }
        }
        for (int i = 0; i < k; i++) {
          v[i * in + k] /= d;
        }
      }
      byte[] codes = new byte[w.length];
      for (int row = 0; row < out; row++) {
        double[] rest = new double[in];
        for (int j = 0; j < in; j++) {
          double target = w[row * in + j];
          for (int i = 0; i < j; i++) {
            target += rest[i] * v[i * in + j];
          }
          Grid grid = grids.gridOf(row, j);
          int code = grid.quantize((float) target);
          codes[row * in + j] = (byte) code;
          rest[j] = (double) w[row * in + j] - grid.dequantize(code);
        }
      }
      return codes;
    }
  }
}
