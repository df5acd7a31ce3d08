package nibble.quant.ste;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Rounding with a straight derivative. */
class SteRoundTest {
  private final Ops ops = Ops.serial();

  @Test
  void roundsHalfToEvenAndPassesGradients() {
    Tensor x = Tensor.of(new float[] {-2.5f, -0.4f, 0.5f, 1.5f, 7}, 5).requireGrad();
    Tensor y = ops.custom(new SteRound(), ops.clamp(x, -1, 3));
    assertArrayEquals(new float[] {-1, -0f, 0, 2, 3}, y.toFloats());
    ops.backward(ops.sum(ops.mul(y, Tensor.of(new float[] {1, 2, 3, 4, 5}, 5))));
    Tensor grad = x.grad();
    assertArrayEquals(new float[] {0, 2, 3, 4, 0}, grad == null ? null : grad.toFloats());
  }
}
