package nibble.quant.rtn;

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
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.TestWeights;
import nibble.quant.TestWeights.Sample;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Symmetry;
import nibble.quant.format.WeightScheme;
import nibble.tensor.Tensor;

class RtnTest {
  private final WorkSplitter serial = WorkSplitter.serial();

  @Provide
  Arbitrary<Sample> weights() {
    return TestWeights.samples(6, 50);
  }

  @Provide
  Arbitrary<WeightScheme> schemes() {
    Arbitrary<Granularity> granularities =
        Arbitraries.of(
            new Granularity.PerTensor(),
            new Granularity.PerChannel(),
            new Granularity.PerGroup(8),
            new Granularity.PerGroup(7));
    return Combinators.combine(
            Arbitraries.integers().between(2, 8), Arbitraries.of(Symmetry.class), granularities)
        .as(
            (bits, symmetry, granularity) ->
                new WeightScheme(new IntFormat(bits, symmetry), granularity, ClipSearch.none()));
  }

  private QuantizedTensor rtn(float[] w, Sample sample, WeightScheme scheme) {
    return Rtn.quantize("w", w, sample.out(), sample.in(), scheme, serial);
  }

  @Property(tries = 200)
  void weightsAreAtMostHalfAScaleOff(
      @ForAll("weights") Sample sample, @ForAll("schemes") WeightScheme scheme) {
    float[] w = sample.values();
    QuantizedTensor quantized = rtn(w, sample, scheme);
    float[] back = quantized.dequantize();
    for (int i = 0; i < w.length; i++) {
      float scale = quantized.params().gridOf(i / sample.in(), i % sample.in()).scale();
      assertEquals(w[i], back[i], scale * (0.5f + 0x1p-14f));
      assertTrue(w[i] != 0 || back[i] == 0);
    }
  }

  @Property(tries = 100)
  void dequantizedWeightsKeepTheirCodes(
      @ForAll("weights") Sample sample, @ForAll("schemes") WeightScheme scheme) {
    QuantizedTensor quantized = rtn(sample.values(), sample, scheme);
    float[] back = quantized.dequantize();
    assertArrayEquals(quantized.codes(), quantized.params().quantize("w", back, 0));
    float[] again = new float[back.length];
    quantized.params().fakeQuantize(back, 0, again, 0);
    assertArrayEquals(back, again);
  }

  @Property(tries = 100)
  void aPlateauIsExactToARounding(
      @ForAll("schemes") WeightScheme scheme, @ForAll @IntRange(min = 1, max = 40) int in) {
    Sample sample = new Sample(TestWeights.PLATEAU, 2, in, 0);
    boolean halfOff = scheme.format().symmetry() == Symmetry.SYMMETRIC_OFFSET;
    for (float value : rtn(sample.values(), sample, scheme).dequantize()) {
      assertEquals(
          0.375f,
          value,
          halfOff ? 0.375f / ((1 << scheme.format().bits()) - 1) * 1.0001f : Math.ulp(0.375f));
    }
  }

  @Property(tries = 60)
  void powersOfTwoCommuteWithRounding(
      @ForAll("weights") Sample sample,
      @ForAll("schemes") WeightScheme scheme,
      @ForAll @IntRange(min = -12, max = 12) int power) {
    float[] w = sample.values();
    float[] scaled = new float[w.length];
    for (int i = 0; i < w.length; i++) {
      scaled[i] = Math.scalb(w[i], power);
    }
    float[] expected = rtn(w, sample, scheme).dequantize();
    float[] actual = rtn(scaled, sample, scheme).dequantize();
    for (int i = 0; i < w.length; i++) {
      assertEquals(Math.scalb(expected[i], power), actual[i]);
    }
  }

  @Property(tries = 60)
  void clipSearchIsNeverWorseOnItsOwnObjective(
      @ForAll("weights") Sample sample, @ForAll("schemes") WeightScheme scheme) {
    float[] w = sample.values();
    double plain = objective(w, rtn(w, sample, scheme).dequantize());
    double searched = objective(w, rtn(w, sample, scheme.withClip(ClipSearch.mse())).dequantize());
    assertTrue(searched <= plain * (1 + 1e-5) + 1e-12, searched + " > " + plain);
  }

  @Example
  void clipSearchHelpsGaussianRowsAtFourBits() {
    Sample sample = new Sample(TestWeights.GAUSSIAN, 16, 256, 3);
    float[] w = sample.values();
    WeightScheme scheme = WeightScheme.ofBits(4);
    double plain = objective(w, rtn(w, sample, scheme).dequantize());
    assertTrue(
        objective(w, rtn(w, sample, scheme.withClip(ClipSearch.mse())).dequantize()) < 0.9 * plain);
  }

  private static double objective(float[] w, float[] back) {
    double sum = 0;
    for (int i = 0; i < w.length; i++) {
      sum += Math.pow(Math.abs((double) w[i] - back[i]), 2.4);
    }
    return sum;
  }

  private static double mse(float[] w, float[] back) {
    double sum = 0;
    for (int i = 0; i < w.length; i++) {
      sum += (w[i] - back[i]) * (double) (w[i] - back[i]);
    }
    return sum / w.length;
  }

  @Property(tries = 10)
  void eachBitBuysSixDecibelsOnGaussianRows(@ForAll long seed) {
    Sample sample = new Sample(TestWeights.GAUSSIAN, 16, 512, seed);
    float[] w = sample.values();
    double previous =
        mse(
            w,
            rtn(w, sample, WeightScheme.ofBits(4).withSymmetry(Symmetry.ASYMMETRIC)).dequantize());
    for (int bits = 5; bits <= 8; bits++) {
      double next =
          mse(
              w,
              rtn(w, sample, WeightScheme.ofBits(bits).withSymmetry(Symmetry.ASYMMETRIC))
                  .dequantize());
      assertEquals(4.2, previous / next, 0.6); // (2^(b+1) - 1)^2 / (2^b - 1)^2 falls to 4 from 4.27
      previous = next;
    }
  }

  @Property(tries = 10)
  void groupsAreNoWorseThanRows(@ForAll long seed) {
    Sample sample = new Sample(TestWeights.OUTLIER, 16, 512, seed);
    float[] w = sample.values();
    double rows = mse(w, rtn(w, sample, WeightScheme.ofBits(4)).dequantize());
    double groups =
        mse(
            w,
            rtn(w, sample, WeightScheme.ofBits(4).withGranularity(new Granularity.PerGroup(128)))
                .dequantize());
    assertTrue(groups <= rows);
  }

  @Example
  void theLastGroupMayBeShorter() {
    float[] w = {1, 2, 3, 4, 100, -50};
    WeightScheme scheme =
        new WeightScheme(IntFormat.symmetric(8), new Granularity.PerGroup(4), ClipSearch.none());
    QuantParams params = Rtn.quantize("w", w, 1, 6, scheme, serial).params();
    assertArrayEquals(new float[] {4f / 127, 100f / 127}, params.scales());
  }

  @Example
  void valuesThatAreNotFiniteAreNamed() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] w = {0, 1, bad, 3};
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      Rtn.quantize(
                          "blocks.0.mlp.fc1.weight", w, 2, 2, WeightScheme.ofBits(4), serial))
              .getMessage();
      assertTrue(message.startsWith("blocks.0.mlp.fc1.weight: element 2 is " + bad), message);
    }
  }

  @Example
  void threadsDoNotChangeTheResult() {
    float[] w = new float[64 * 96];
    Random random = new Random(5);
    for (int i = 0; i < w.length; i++) {
      w[i] = (float) random.nextGaussian();
    }
    WeightScheme scheme =
        WeightScheme.ofBits(4)
            .withGranularity(new Granularity.PerGroup(32))
            .withClip(ClipSearch.mse());
    Tensor tensor = Tensor.of(w, 64, 96);
    try (WorkSplitter two = WorkSplitter.ofThreads(2)) {
      QuantizedTensor expected = new Rtn().quantize("w", tensor, null, scheme, serial);
      QuantizedTensor actual = new Rtn().quantize("w", tensor, null, scheme, two);
      assertArrayEquals(expected.codes(), actual.codes());
      assertArrayEquals(expected.params().scales(), actual.params().scales());
    }
  }

  @Example
  void packedTensorsComeBack() {
    Sample sample = new Sample(TestWeights.GAUSSIAN, 5, 37, 9);
    for (int bits = 2; bits <= 8; bits++) {
      WeightScheme scheme =
          new WeightScheme(
              IntFormat.asymmetric(bits), new Granularity.PerGroup(16), ClipSearch.none());
      QuantizedTensor quantized = rtn(sample.values(), sample, scheme);
      assertArrayEquals(
          quantized.codes(), QuantizedTensor.unpack(quantized.pack(), quantized.params()).codes());
      assertEquals("int" + bits + "-asym-g16", quantized.formatName());
    }
  }
}
