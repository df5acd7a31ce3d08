package nibble.quant.reconstruct;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Errors weighted by gradients, and the gradients. */
class FisherLossTest {
  private static final int SAMPLES = 3;
  private static final int TOKENS = 2;
  private static final int WIDTH = 4;

  private final Ops ops = Ops.serial();

  @Property(tries = 50)
  void gradientsOfOneWeighNothing(@ForAll long seed) {
    Random random = new Random(seed);
    Tensor output = random(random);
    Tensor target = random(random);
    Tensor ones = filled(1);
    assertEquals(
        ops.mse(output, target).item(), FisherLoss.DIAGONAL.of(ops, output, target, ones).item());
    for (FisherLoss loss : FisherLoss.values()) {
      assertEquals(0, loss.of(ops, target, target, random(random)).item());
      assertTrue(loss.of(ops, output, target, ones).item() > 0);
    }
  }

  @Test
  void formsByHand() {
    Tensor output = Tensor.of(new float[] {1, 2, 3, 5}, 2, 2);
    Tensor target = Tensor.of(new float[] {0, 4, 3, 4}, 2, 2);
    Tensor gradients = Tensor.of(new float[] {3, 1, 7, 2}, 2, 2);
    assertEquals(
        (9 + 4 + 0 + 4) / 4.0, FisherLoss.DIAGONAL.of(ops, output, target, gradients).item(), 1e-6);
    // d = 3 + 2 and 0 + 2; mean of d |y - z| g
    assertEquals(
        (5 * 3 + 5 * 2 + 0 + 2 * 2) / 400.0,
        FisherLoss.FULL.of(ops, output, target, gradients).item(),
        1e-6);
  }

  /** {@code |dKL/dy| + 1} by central differences of the same divergence. */
  @Property(tries = 10)
  void gradientsAreThoseOfTheDivergence(@ForAll long seed) {
    Random random = new Random(seed);
    Tensor weight = Tensor.of(RandomModels.gaussian(random, 5 * WIDTH, 0, 1), 5, WIDTH);
    BiFunction<Ops, Tensor, Tensor> rest =
        (o, x) -> o.matmulTransposed(o.tanh(o.reshape(x, -1, WIDTH)), weight);
    Tensor output = random(random);
    Tensor target = random(random);
    float[] found =
        OutputGradients.of(ops, List.of(output), List.of(target), rest).getFirst().toFloats();
    float[] y = output.toFloats();
    float step = 1e-2f;
    for (int i = 0; i < y.length; i++) {
      double slope =
          (divergence(rest, y, i, step, target) - divergence(rest, y, i, -step, target))
              / (2 * step);
      assertEquals(1 + Math.abs(slope), found[i], 2e-3);
    }
  }

  private double divergence(
      BiFunction<Ops, Tensor, Tensor> rest, float[] y, int at, float step, Tensor target) {
    float[] moved = y.clone();
    moved[at] += step;
    try (var inference = ops.noGrad()) {
      return ReconstructionLoss.DIVERGENCE
          .of(
              ops,
              rest.apply(ops, Tensor.of(moved, SAMPLES, TOKENS, WIDTH)),
              rest.apply(ops, target))
          .item();
    }
  }

  private static Tensor random(Random random) {
    return Tensor.of(
        RandomModels.gaussian(random, SAMPLES * TOKENS * WIDTH, 0, 1), SAMPLES, TOKENS, WIDTH);
  }

  private static Tensor filled(float value) {
    float[] values = new float[SAMPLES * TOKENS * WIDTH];
    Arrays.fill(values, value);
    return Tensor.of(values, SAMPLES, TOKENS, WIDTH);
  }
}
