package nibble.quant.bcq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.TestWeights;
import nibble.quant.TestWeights.Sample;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.Symmetry;
import nibble.quant.format.WeightScheme;
import nibble.quant.rtn.Rtn;
import nibble.tensor.Tensor;

class BcqTest {
  private final WorkSplitter serial = WorkSplitter.serial();

  @Provide
  Arbitrary<Sample> groups() {
    return TestWeights.samples(1, 64);
  }

  private static double[] doubles(float[] w) {
    double[] d = new double[w.length];
    Arrays.setAll(d, i -> w[i]);
    return d;
  }

  private static double[] importance(int count, long seed) {
    Random random = new Random(seed);
    return random.doubles(count, 0.1, 1).toArray();
  }

  @Property(tries = 150)
  void theErrorFallsFromRoundToRound(
      @ForAll("groups") Sample sample,
      @ForAll @IntRange(min = 1, max = 4) int planes,
      @ForAll boolean offset) {
    double[] w = doubles(sample.values());
    double[] f = importance(w.length, sample.seed());
    GroupFit fit = new GroupFit(w, f, planes, offset);
    GroupCode code = fit.greedy();
    double error = code.error(w, f);
    for (int round = 0; round < 6; round++) {
      GroupCode refined = fit.refined(code, 1);
      double next = refined.error(w, f);
      assertTrue(next <= error);
      assertEquals(next, fit.refined(fit.greedy(), round + 1).error(w, f), 1e-12 * next);
      code = refined;
      error = next;
    }
  }

  @Property(tries = 100)
  void halfStepsAreExactMinimisers(
      @ForAll("groups") Sample sample,
      @ForAll @IntRange(min = 1, max = 4) int planes,
      @ForAll boolean offset) {
    double[] w = doubles(sample.values());
    double[] f = importance(w.length, sample.seed());
    GroupFit fit = new GroupFit(w, f, planes, offset);
    GroupCode start = fit.greedy();
    double size = Arrays.stream(w).map(v -> v * v).sum();
    GroupCode solved = fit.leastSquares(start.codes());
    assertTrue(solved.error(w, f) <= start.error(w, f) + 1e-9 * size);
    GroupCode nearest = solved.reassigned(w);
    for (int j = 0; j < w.length; j++) {
      for (int code = 0; code < 1 << planes; code++) {
        assertTrue(
            Math.abs(w[j] - nearest.level(nearest.codes()[j]))
                <= Math.abs(w[j] - nearest.level(code)) + 1e-12 * Math.sqrt(size));
      }
    }
  }

  @Property(tries = 100)
  void normalizedCodesMeanTheSame(
      @ForAll @IntRange(min = 1, max = 4) int planes, @ForAll long seed) {
    Random random = new Random(seed);
    double[] scales = random.doubles(planes, -1, 1).map(s -> Math.abs(s) < 0.2 ? 0 : s).toArray();
    GroupCode code = new GroupCode(scales, 0.3, random.ints(20, 0, 1 << planes).toArray());
    GroupCode normalized = code.normalized();
    for (int j = 0; j < 20; j++) {
      assertEquals(code.level(code.codes()[j]), normalized.level(normalized.codes()[j]), 1e-14);
      for (int i = 0; i < planes; i++) {
        assertTrue(normalized.scales()[i] > 0 || (normalized.codes()[j] >> i & 1) == 1);
        assertTrue(i == 0 || normalized.scales()[i - 1] >= normalized.scales()[i]);
      }
    }
  }

  @Property(tries = 60)
  void anOffsetIsNeverWorseThanTheUniformGrid(
      @ForAll("groups") Sample sample, @ForAll @IntRange(min = 2, max = 4) int planes) {
    float[] w = sample.values();
    WeightScheme scheme =
        new WeightScheme(
            IntFormat.asymmetric(planes), new Granularity.PerChannel(), ClipSearch.none());
    double uniform = squared(w, Rtn.quantize("w", w, 1, w.length, scheme, serial).dequantize());
    double binary =
        squared(
            w,
            Bcq.fit("w", w, 1, w.length, planes, w.length, true, BcqOptions.DEFAULTS, serial)
                .dequantize());
    assertTrue(binary <= uniform + 1e-10);
  }

  private static double squared(float[] w, float[] back) {
    double sum = 0;
    for (int i = 0; i < w.length; i++) {
      sum += (w[i] - back[i]) * (double) (w[i] - back[i]);
    }
    return sum;
  }

  @Example
  void onePlaneIsTheMeanMagnitude() {
    float[] w = {1, -2, 0, 5};
    BinaryCodedTensor code = Bcq.fit("w", w, 1, 4, 1, 4, false, BcqOptions.DEFAULTS, serial);
    assertArrayEquals(new float[] {2, -2, 2, 2}, code.dequantize(), 1e-6f);
  }

  @Example
  void gaussianErrorsAreThoseMeasuredForTheCard() {
    Sample sample = new Sample(TestWeights.GAUSSIAN, 1, 8192, 11);
    float[] w = sample.values();
    double[] expected = {0.3634, 0.117, 0.036, 0.0114};
    for (int planes = 1; planes <= 4; planes++) {
      BinaryCodedTensor code =
          Bcq.fit("w", w, 1, w.length, planes, w.length, false, BcqOptions.DEFAULTS, serial);
      assertEquals(
          expected[planes - 1],
          squared(w, code.dequantize()) / w.length,
          0.06 * expected[planes - 1]);
    }
  }

  @Property(tries = 100)
  void uniformCodesConvertExactly(
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll Symmetry symmetry,
      @ForAll @IntRange(min = 1, max = 70) int in,
      @ForAll @IntRange(min = 0, max = 2) int scope,
      @ForAll long seed) {
    Granularity[] granularities = {
      new Granularity.PerTensor(), new Granularity.PerChannel(), new Granularity.PerGroup(16)
    };
    WeightScheme scheme =
        new WeightScheme(new IntFormat(bits, symmetry), granularities[scope], ClipSearch.none());
    Sample sample = new Sample(TestWeights.GAUSSIAN, 3, in, seed);
    QuantizedTensor uniform = Rtn.quantize("w", sample.values(), 3, in, scheme, serial);
    BinaryCodedTensor binary = BinaryCodedTensor.ofUniform(uniform);
    assertArrayEquals(uniform.dequantize(), binary.dequantize(), 1e-6f * 8);
    for (int i = 0; i < 3 * in; i++) {
      assertEquals(
          uniform.codes()[i] - uniform.params().format().minCode(), binary.code(i / in, i % in));
    }
  }

  @Property(tries = 40)
  void importantWeightsAreFittedBetter(@ForAll long seed) {
    double[] w = doubles(new Sample(TestWeights.GAUSSIAN, 1, 256, seed).values());
    double[] f = importance(256, seed);
    double[] ones = new double[256];
    Arrays.fill(ones, 1);
    GroupCode weighted =
        new GroupFit(w, f, 2, false)
            .refined(
                new GroupFit(w, ones, 2, false)
                    .refined(new GroupFit(w, ones, 2, false).greedy(), 15),
                15);
    GroupCode plain =
        new GroupFit(w, ones, 2, false).refined(new GroupFit(w, ones, 2, false).greedy(), 15);
    assertTrue(weighted.error(w, f) <= plain.error(w, f));
  }

  @Example
  void plateausRampsAndThreads() {
    Sample plateau = new Sample(TestWeights.PLATEAU, 3, 20, 0);
    for (float value :
        Bcq.fit("w", plateau.values(), 3, 20, 3, 7, false, BcqOptions.DEFAULTS, serial)
            .dequantize()) {
      assertEquals(0.375f, value, 1e-6f);
    }
    Sample ramp = new Sample(TestWeights.RAMP, 8, 32, 0);
    Tensor weight = Tensor.of(ramp.values(), 8, 32);
    WeightScheme scheme = WeightScheme.ofBits(3).withGranularity(new Granularity.PerGroup(16));
    try (WorkSplitter two = WorkSplitter.ofThreads(2)) {
      Bcq bcq = new Bcq(BcqOptions.DEFAULTS);
      assertArrayEquals(
          binary(bcq, weight, scheme, serial).bits(), binary(bcq, weight, scheme, two).bits());
    }
  }

  private static BinaryCodedTensor binary(
      Bcq bcq, Tensor weight, WeightScheme scheme, WorkSplitter splitter) {
    return assertInstanceOf(
        BinaryCodedTensor.class, bcq.quantize("w", weight, null, scheme, splitter));
  }

  @Example
  void moreThanFourBitsAreRoundedToNearest() {
    Sample sample = new Sample(TestWeights.GAUSSIAN, 3, 64, 5);
    Bcq bcq = new Bcq(BcqOptions.DEFAULTS.withPlanes(2));
    for (int bits = 5; bits <= 8; bits++) {
      WeightScheme scheme = WeightScheme.ofBits(bits);
      QuantizedWeight codes =
          bcq.quantize("w", Tensor.of(sample.values(), 3, 64), null, scheme, serial);
      assertArrayEquals(
          Rtn.quantize("w", sample.values(), 3, 64, scheme, serial).dequantize(),
          codes.dequantize());
    }
  }

  @Example
  void offsetsOfZeroAreNotCounted() {
    BinaryCodedTensor symmetric =
        new BinaryCodedTensor(1, 32, 2, 32, new int[2], new float[2], new float[1]);
    BinaryCodedTensor shifted =
        new BinaryCodedTensor(1, 32, 2, 32, new int[2], new float[2], new float[] {1});
    assertEquals(32 * 4, symmetric.storedBits());
    assertEquals(32 * 5, shifted.storedBits());
  }

  @Example
  void schemesThatItDoesNotCodeAreRefused() {
    Bcq bcq = new Bcq(BcqOptions.DEFAULTS);
    Tensor weight = Tensor.zeros(2, 4);
    WeightScheme three = WeightScheme.ofBits(3);
    for (WeightScheme scheme :
        new WeightScheme[] {
          three.withClip(ClipSearch.mse()), three.withGranularity(new Granularity.PerTensor())
        }) {
      assertThrows(
          IllegalArgumentException.class, () -> bcq.quantize("w", weight, null, scheme, serial));
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> bcq.quantize("w", Tensor.of(new float[] {1, Float.NaN}, 1, 2), null, three, serial));
  }
}
