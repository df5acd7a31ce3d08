package nibble.nn.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.attention.Attention;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.Sites;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.range.LogGrid;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Quantized queries, keys, values and probabilities do not keep attention out of its kernel. */
class QuantizedAttentionTest {
  private static final int HEADS = 3;
  private static final int HEAD_DIM = 8;
  private static final int WIDTH = HEADS * HEAD_DIM;

  private final Ops ops = Ops.serial();
  private final List<Shape> seen = new ArrayList<>();
  private final List<Tensor> passed = new ArrayList<>();

  /** Notes what it is applied to; works on heads side by side too, unless it is told not to. */
  private final class Note implements SiteFunction {
    private final boolean together;

    Note(boolean together) {
      this.together = together;
    }

    @Override
    public Tensor apply(Ops ops, Tensor x) {
      seen.add(x.shape());
      passed.add(Tensor.of(x.toFloats(), x.shape().dims()));
      return x;
    }

    @Override
    public Optional<SiteFunction> sideBySide(int heads, int headDim) {
      return together ? Optional.of(this) : Optional.empty();
    }
  }

  @Property(tries = 60)
  void oneKernelComputesWhatTheOperatorsCompute(
      @ForAll @IntRange(min = 1, max = 3) int batch,
      @ForAll @IntRange(min = 1, max = 40) int tokens,
      @ForAll long seed) {
    Tensor all = operands(batch, tokens, seed);
    seen.clear();
    try (var inference = ops.noGrad()) {
      float[] fused = attention(seed, true, List.of(), all);
      assertEquals(List.of(Shape.of(batch, tokens, WIDTH)), seen);
      seen.clear();
      float[] separate = attention(seed, false, List.of(), all);
      assertEquals(List.of(Shape.of(batch, HEADS, tokens, HEAD_DIM)), seen);
      assertArrayEquals(separate, fused, bound(tokens));
    }
  }

  /**
   * Both sides have the same quantized operands. Queries and keys are at most 8 steps of 0.3 or
   * less, values 2.4: a score is at most {@code 0.35 * 8 * 2.4^2 = 16.2} and has 10 roundings; so
   * has the largest one, their difference, up to 32.4, one more, and the exponential 4 units of its
   * own. Relatively it is wrong by {@code 2 * 162 + 33 + 4 = 361} units, and so is the sum of n of
   * them, which divides it, with n roundings; n more when they meet n values. Twice, for both
   * sides.
   */
  private static float bound(int tokens) {
    return (float) (2.4 * relative(tokens));
  }

  /** How far apart the probabilities of both sides may be, as a share; see {@link #bound}. */
  private static double relative(int tokens) {
    return 2 * (2 * 361 + 2 * tokens) * 0x1p-24;
  }

  private static Tensor operands(int batch, int tokens, long seed) {
    return Tensor.of(
        RandomModels.gaussian(new Random(seed), batch * tokens * 3 * WIDTH, 0, 1),
        batch,
        tokens,
        3 * WIDTH);
  }

  /**
   * Each probability takes the level that it takes by itself, or one that a probability takes which
   * differs by no more than both sides may.
   */
  @Property(tries = 60)
  void probabilitiesTakeTheirLevelsWithinTheKernel(
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 40) int tokens,
      @ForAll @IntRange(max = 2) int kind,
      @ForAll long seed) {
    StoredFunction quantizer =
        switch (kind) {
          case 0 -> LogGrid.of(4, 0.8f, 0.5, LogGrid.Zero.RESERVED);
          case 1 ->
              UniformQuantizer.symmetric(4, Tensor.of(new float[] {0.02f, 0.1f, 0.2f}, 3, 1, 1));
          default -> UniformQuantizer.asymmetric(3, Tensor.scalar(0.1f), Tensor.scalar(1));
        };
    Tensor all = operands(batch, tokens, seed);
    try (var inference = ops.noGrad()) {
      passed.clear();
      float[] unused = attention(seed, false, List.of(new Note(false)), all);
      Tensor v = passed.get(0);
      Tensor p = passed.get(1);
      float share = (float) relative(tokens);
      float[] low = quantizer.apply(ops, ops.scale(p, 1 - share)).toFloats();
      float[] high = quantizer.apply(ops, ops.scale(p, 1 + share)).toFloats();
      seen.clear();
      float[] fused = attention(seed, true, List.of(quantizer), all);
      assertEquals(List.of(Shape.of(batch, tokens, WIDTH)), seen);
      for (int i = 0; i < fused.length; i++) {
        int head = i % WIDTH / HEAD_DIM;
        int map = i / (tokens * WIDTH) * HEADS + head;
        int row = (map * tokens + i / WIDTH % tokens) * tokens;
        double least = 0;
        double most = 0;
        double size = 0;
        for (int j = 0; j < tokens; j++) {
          float value = v.toFloats()[(map * tokens + j) * HEAD_DIM + i % HEAD_DIM];
          double one = (double) low[row + j] * value;
          double other = (double) high[row + j] * value;
          least += Math.min(one, other);
          most += Math.max(one, other);
          size += Math.max(Math.abs(one), Math.abs(other));
        }
        double rounding = (tokens + 2) * 0x1p-24 * size;
        assertTrue(
            fused[i] >= least - rounding && fused[i] <= most + rounding,
            fused[i] + " is not in " + least + " to " + most);
      }
    }
  }

  @Test
  void manyKeysOrOtherFunctionsAreLeftToTheOperators() {
    int keys = Attention.best().mostKeysTogether();
    int many = keys < 1000 ? keys + 1 : 40;
    StoredFunction quantizer = LogGrid.of(4, 0.8f, 0.5, LogGrid.Zero.RESERVED);
    try (var inference = ops.noGrad()) {
      Tensor all = operands(1, many, 3);
      seen.clear();
      float[] expected = attention(3, false, List.of(quantizer), all);
      if (many > keys) {
        assertArrayEquals(expected, attention(3, true, List.of(quantizer), all));
      }
      assertArrayEquals(expected, attention(3, true, List.of(quantizer, new Note(true)), all));
      assertTrue(seen.contains(Shape.of(1, HEADS, many, many)));
    }
  }

  /** Queries and keys are views, values are not. */
  private float[] attention(
      long seed, boolean fused, List<SiteFunction> probabilities, Tensor all) {
    Tensor values = all.slice(2, 2 * WIDTH, 3 * WIDTH);
    Sites sites = new Sites();
    AttentionCore core = new AttentionCore("a", HEADS, 0.35f, sites);
    Random random = new Random(seed);
    sites.get("a.q_out").append(quantizer(random, HEADS, 1, 1));
    sites.get("a.k_out").append(quantizer(random, HEADS, 1, 1));
    Site value = sites.get("a.v_out");
    value.append(quantizer(random, HEADS, 1, HEAD_DIM));
    value.append(new Note(fused));
    probabilities.forEach(sites.get("a.probs")::append);
    return core.forward(
            ops,
            all.slice(2, 0, WIDTH),
            all.slice(2, WIDTH, 2 * WIDTH),
            Tensor.of(values.toFloats(), values.shape().dims()))
        .toFloats();
  }

  private static UniformQuantizer quantizer(Random random, int... dims) {
    float[] scales = new float[(int) Shape.of(dims).size()];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = 0.1f + 0.2f * random.nextFloat();
    }
    return UniformQuantizer.symmetric(4, Tensor.of(scales, dims));
  }
}
