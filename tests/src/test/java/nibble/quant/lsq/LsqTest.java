package nibble.quant.lsq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.train.AdamW;
import nibble.nn.train.AdamWOptions;
import nibble.nn.train.ParameterGroup;
import nibble.quant.format.IntFormat;
import nibble.quant.range.GridFit;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.Values;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** The operators of LSQ and LSQ+ against their closed forms. */
class LsqTest {
  private static final int ROWS = 40;
  private static final int COLUMNS = 9;

  private final Ops ops = Ops.serial();

  private static Tensor leaf(float[] values, int... dims) {
    return Tensor.of(values, dims).requireGrad();
  }

  private static float[] positive(Random random, int count) {
    float[] values = RandomModels.gaussian(random, count, 0, 0.2f);
    for (int i = 0; i < count; i++) {
      values[i] = 0.05f + Math.abs(values[i]);
    }
    return values;
  }

  private static float[] grad(Tensor tensor) {
    Tensor grad = tensor.grad();
    assertTrue(grad != null);
    return grad.toFloats();
  }

  /** Element by element, in double. */
  @Property(tries = 60)
  void gradientsHaveTheClosedForm(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean signed,
      @ForAll boolean perChannel,
      @ForAll boolean wholeTensor) {
    Random random = new Random(seed);
    LsqFunction function = signed ? LsqFunction.signed(bits) : LsqFunction.unsigned(bits);
    function = new LsqFunction(function.min(), function.max(), wholeTensor);
    int scales = perChannel ? COLUMNS : 1;
    Tensor x = leaf(RandomModels.gaussian(random, ROWS * COLUMNS, 0.2f, 1), ROWS, COLUMNS);
    Tensor s = leaf(positive(random, scales), scales);
    float[] weights = RandomModels.gaussian(random, ROWS * COLUMNS, 0, 1);
    Tensor y = ops.custom(function, x, s);
    ops.backward(ops.sum(ops.mul(y, Tensor.of(weights, ROWS, COLUMNS))));
    double[] expected = new double[scales];
    for (int i = 0; i < ROWS * COLUMNS; i++) {
      int at = perChannel ? i % COLUMNS : 0;
      float t = x.toFloats()[i] / s.toFloats()[at];
      boolean inside = t >= function.min() && t <= function.max();
      double q = Math.rint(Math.max(function.min(), Math.min(function.max(), t)));
      assertEquals((float) (q * s.toFloats()[at]), y.toFloats()[i], 1e-6 * Math.abs(q));
      assertEquals(inside ? weights[i] : 0, grad(x)[i]);
      expected[at] += weights[i] * (inside ? q - t : q);
    }
    double elements = wholeTensor ? ROWS * COLUMNS : (double) ROWS * COLUMNS / scales;
    for (int i = 0; i < scales; i++) {
      assertEquals(expected[i] / Math.sqrt(elements * function.max()), grad(s)[i], 1e-4);
    }
  }

  /**
   * The trick of code with a plain tape: s' = stop(s - g s) + g s, y =
   * straightThrough(rint)(clamp(x / s')) s'.
   */
  @Property(tries = 30)
  void gradientsAreThoseOfTheTape(@ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int bits) {
    Random random = new Random(seed);
    LsqFunction function = LsqFunction.signed(bits);
    float[] values = RandomModels.gaussian(random, ROWS * COLUMNS, 0, 1);
    float scale = positive(random, 1)[0];
    Tensor x = leaf(values.clone(), ROWS, COLUMNS);
    Tensor s = leaf(new float[] {scale}, 1);
    Tensor weights = Tensor.of(RandomModels.gaussian(random, ROWS * COLUMNS, 0, 1), ROWS, COLUMNS);
    ops.backward(ops.sum(ops.mul(ops.custom(function, x, s), weights)));

    Tensor tapeX = leaf(values.clone(), ROWS, COLUMNS);
    Tensor tapeS = leaf(new float[] {scale}, 1);
    float g = (float) (1 / Math.sqrt((double) ROWS * COLUMNS * function.max()));
    Tensor stopped = Tensor.of(new float[] {scale - g * scale}, 1);
    Tensor shared = ops.add(stopped, ops.scale(tapeS, g));
    Tensor clamped = ops.clamp(ops.div(tapeX, shared), function.min(), function.max());
    float[] rounding = clamped.toFloats();
    for (int i = 0; i < rounding.length; i++) {
      rounding[i] = (float) Math.rint(rounding[i]) - rounding[i];
    }
    Tensor rounded = ops.add(clamped, Tensor.of(rounding, ROWS, COLUMNS));
    ops.backward(ops.sum(ops.mul(ops.mul(rounded, shared), weights)));
    assertArrayEquals(grad(tapeX), grad(x), 1e-5f);
    assertEquals(grad(tapeS)[0], grad(s)[0], 2e-4 * (1 + Math.abs(grad(s)[0])));
  }

  @Property(tries = 40)
  void offsetsLearnWhereValuesAreClipped(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int bits) {
    Random random = new Random(seed);
    LsqFunction codes = LsqFunction.unsigned(bits);
    Tensor x = leaf(RandomModels.gaussian(random, ROWS * COLUMNS, 0.2f, 1), ROWS, COLUMNS);
    Tensor s = leaf(positive(random, COLUMNS), COLUMNS);
    Tensor beta = leaf(RandomModels.gaussian(random, COLUMNS, -0.3f, 0.1f), COLUMNS);
    float[] weights = RandomModels.gaussian(random, ROWS * COLUMNS, 0, 1);
    Tensor y = ops.custom(new LsqPlusFunction(codes), x, s, beta);
    ops.backward(ops.sum(ops.mul(y, Tensor.of(weights, ROWS, COLUMNS))));
    double[] ofScale = new double[COLUMNS];
    double[] ofBeta = new double[COLUMNS];
    for (int i = 0; i < ROWS * COLUMNS; i++) {
      int at = i % COLUMNS;
      float b = beta.toFloats()[at];
      float t = (x.toFloats()[i] - b) / s.toFloats()[at];
      boolean inside = t >= 0 && t <= codes.max();
      double q = Math.rint(Math.max(0, Math.min(codes.max(), t)));
      assertEquals(q * s.toFloats()[at] + b, y.toFloats()[i], 1e-5);
      assertEquals(inside ? weights[i] : 0, grad(x)[i]);
      ofScale[at] += weights[i] * (inside ? q - t : q);
      ofBeta[at] += inside ? 0 : weights[i];
    }
    double g = 1 / Math.sqrt((double) ROWS * codes.max());
    for (int i = 0; i < COLUMNS; i++) {
      assertEquals(g * ofScale[i], grad(s)[i], 1e-4);
      assertEquals(g * ofBeta[i], grad(beta)[i], 1e-4);
    }
  }

  @Property(tries = 30)
  void theGridIsThatOfTheStoredQuantizer(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll boolean unsigned) {
    Random random = new Random(seed);
    Tensor x = Tensor.of(RandomModels.gaussian(random, 2 * 3 * 5 * 4, 0.2f, 1), 2, 3, 5, 4);
    LearnedQuantizer learned =
        LearnedQuantizer.of("x", bits, unsigned, Tensor.of(positive(random, 12), 3, 1, 4));
    float[] y = learned.apply(ops, x).toFloats();
    assertArrayEquals(learned.frozen().apply(ops, x).toFloats(), y);
    assertArrayEquals(y, learned.apply(ops, Tensor.of(y, 2, 3, 5, 4)).toFloats(), "idempotent");
    if (!unsigned) {
      float[] negated = x.toFloats();
      for (int i = 0; i < negated.length; i++) {
        negated[i] = -negated[i];
      }
      float[] mirrored = learned.apply(ops, Tensor.of(negated, 2, 3, 5, 4)).toFloats();
      for (int i = 0; i < y.length; i++) {
        float s = learned.scale().toFloats()[i / 20 % 3 * 4 + i % 4];
        boolean lowest =
            y[i] <= -(1 << (bits - 1)) * s * 0.999f
                || mirrored[i] <= -(1 << (bits - 1)) * s * 0.999f;
        assertTrue(lowest || y[i] == -mirrored[i], "odd symmetry except at the smallest code");
      }
    }
  }

  /**
   * With a scale for each token: {@code y(c x; c s) = c y(x; s)}, and half a step at most inside.
   */
  @Property(tries = 40)
  void theGridGrowsWithItsValuesAndErrsByHalfAStep(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll boolean signed) {
    Random random = new Random(seed);
    LsqFunction function = signed ? LsqFunction.signed(bits) : LsqFunction.unsigned(bits);
    float[] x = RandomModels.gaussian(random, ROWS * COLUMNS, 0.2f, 1);
    float[] s = positive(random, ROWS);
    float[] y = ops.custom(function, Tensor.of(x, ROWS, COLUMNS), Tensor.of(s, ROWS, 1)).toFloats();
    float[] larger = x.clone();
    float[] wider = s.clone();
    for (int i = 0; i < larger.length; i++) {
      larger[i] *= 4; // a power of two: no other rounding
    }
    for (int i = 0; i < wider.length; i++) {
      wider[i] *= 4;
    }
    float[] grown =
        ops.custom(function, Tensor.of(larger, ROWS, COLUMNS), Tensor.of(wider, ROWS, 1))
            .toFloats();
    for (int i = 0; i < x.length; i++) {
      float scale = s[i / COLUMNS];
      assertEquals(4 * y[i], grown[i]);
      double code = y[i] / scale;
      assertEquals(Math.rint(code), code, 1e-4);
      assertTrue(code > function.min() - 0.01 && code < function.max() + 0.01);
      boolean inside = x[i] >= function.min() * scale && x[i] <= function.max() * scale;
      assertTrue(!inside || Math.abs(y[i] - x[i]) <= 0.50001 * scale);
    }
  }

  /**
   * A scale for each token position, as OFQ has it: N are the elements of one position. With q held
   * and clipped elements at their ends, the surrogate {@code s q(x / s)} has a derivative in s that
   * differences find: {@code y = s (x / s0 + r)} inside, r what rounding added.
   */
  @Property(tries = 40)
  void scalesOfTokensGetTheSurrogatesDerivative(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int bits) {
    Random random = new Random(seed);
    LsqFunction function = LsqFunction.signed(bits);
    float[] x = RandomModels.gaussian(random, ROWS * COLUMNS, 0, 1);
    Tensor s = leaf(positive(random, ROWS), ROWS, 1);
    float[] weights = RandomModels.gaussian(random, ROWS * COLUMNS, 0, 1);
    Tensor y = ops.custom(function, Tensor.of(x, ROWS, COLUMNS), s);
    ops.backward(ops.sum(ops.mul(y, Tensor.of(weights, ROWS, COLUMNS))));
    double g = 1 / Math.sqrt((double) COLUMNS * function.max());
    for (int row = 0; row < ROWS; row++) {
      double scale = s.toFloats()[row];
      double step = 1e-4 * scale;
      double slope = 0;
      for (int i = row * COLUMNS; i < (row + 1) * COLUMNS; i++) {
        slope +=
            weights[i]
                * (surrogate(function, x[i], scale, scale + step)
                    - surrogate(function, x[i], scale, scale - step))
                / (2 * step);
      }
      assertEquals(g * slope, grad(s)[row], 1e-3 * (1 + Math.abs(g * slope)));
    }
  }

  /** {@code s clamp(x / s + r)}, r the rounding at {@code held}, not rounded anew. */
  private static double surrogate(LsqFunction function, double x, double held, double s) {
    float t = (float) x / (float) held;
    if (t < function.min() || t > function.max()) {
      return s * (t < function.min() ? function.min() : function.max());
    }
    return s * (x / s + (Math.rint(t) - t));
  }

  /** Training the scale alone comes near the best scale that a fine search finds. */
  @Test
  void theScaleFindsTheLeastSquares() {
    for (int bits : new int[] {3, 4}) {
      float[] values = RandomModels.gaussian(new Random(bits), 4000, 0, 1);
      Tensor x = Tensor.of(values, 10, 400);
      LearnedQuantizer learned =
          LearnedQuantizer.of(
              "x", bits, false, Tensor.scalar((float) (2 * 0.8 / Math.sqrt(learnedMax(bits)))));
      AdamW optimizer =
          new AdamW(AdamWOptions.DEFAULTS, ParameterGroup.of("scale", 2e-3, 0, learned.scale()));
      double first = 0;
      double last = 0;
      for (int step = 0; step < 400; step++) {
        optimizer.clearGrads();
        Tensor loss = ops.mse(learned.apply(ops, x), x);
        last = loss.item();
        first = step == 0 ? last : first;
        ops.backward(loss);
        optimizer.step(ops.splitter(), 1);
        learned.project();
      }
      double best = Double.POSITIVE_INFINITY;
      for (float s = 0.05f; s < 1; s += 0.002f) {
        best =
            Math.min(
                best,
                ops.mse(LearnedQuantizer.of("x", bits, false, Tensor.scalar(s)).apply(ops, x), x)
                    .item());
      }
      assertTrue(
          last <= first && last <= 1.05 * best,
          bits + " bits: " + last + " from " + first + ", best " + best);
      double minMax =
          GridFit.error(
                  RangeSearch.MIN_MAX.fit("x", IntFormat.symmetric(bits), Values.of(values)),
                  Values.of(values),
                  2)
              / values.length;
      assertTrue(last < minMax);
    }
  }

  private static int learnedMax(int bits) {
    return (1 << (bits - 1)) - 1;
  }

  @Test
  void scalesStayPositiveAndBadCodesAreRefused() {
    LearnedQuantizer learned =
        LearnedQuantizer.of("x", 4, false, Tensor.of(new float[] {-1, 0.5f}, 2));
    assertArrayEquals(new float[] {LearnedQuantizer.SMALLEST, 0.5f}, learned.scale().toFloats());
    assertThrows(IllegalArgumentException.class, () -> new LsqFunction(1, 3, false));
    assertThrows(IllegalArgumentException.class, () -> new LsqFunction(-4, 0, false));
  }
}
