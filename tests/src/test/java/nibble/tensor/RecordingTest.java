package nibble.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** What is recorded, when it is freed, and where gradients go. */
class RecordingTest {
  private final Ops ops = Ops.serial();

  @Test
  void nothingIsRecordedWithoutNeed() {
    Tensor x = Tensor.of(new float[] {1, 2}, 2);
    assertFalse(ops.exp(x).requiresGrad());
    x.requireGrad();
    assertTrue(ops.exp(x).requiresGrad());
    try (Ops.Mode off = ops.noGrad()) {
      assertFalse(ops.isRecording());
      try (Ops.Mode inner = ops.noGrad()) {
        assertFalse(ops.exp(x).requiresGrad());
      }
      assertFalse(ops.isRecording());
      assertFalse(ops.reshape(x, 2, 1).requiresGrad());
    }
    assertTrue(ops.isRecording());
    assertThrows(IllegalStateException.class, () -> ops.backward(ops.sum(x.detach())));
    assertThrows(IllegalArgumentException.class, () -> ops.backward(ops.exp(x)));
  }

  @Test
  void gradientsAccumulateUntilTheyAreCleared() {
    Tensor x = Tensor.of(new float[] {1, 2}, 2).requireGrad();
    assertNull(x.grad());
    ops.backward(ops.sum(ops.square(x)));
    assertArrayEquals(new float[] {2, 4}, x.grad().toFloats());
    ops.backward(ops.sum(ops.square(x)));
    assertArrayEquals(new float[] {4, 8}, x.grad().toFloats());
    x.clearGrad();
    assertNull(x.grad());
  }

  @Test
  void sharedResultsAddUp() {
    Tensor x = Tensor.of(new float[] {3}, 1).requireGrad();
    Tensor y = ops.add(x, x);
    Tensor z = ops.add(ops.add(y, y), ops.mul(y, x)); // 4x + 2x^2
    ops.backward(z);
    assertEquals(4 + 4 * 3, x.grad().item());
    Tensor residual = Tensor.of(new float[] {1, -1}, 2).requireGrad();
    Tensor first = ops.add(residual, ops.square(residual));
    Tensor second = ops.add(first, ops.square(first));
    ops.backward(ops.sum(ops.reshape(second, 2, 1)));
    assertArrayEquals(
        new float[] {(1 + 2) * (1 + 2 * 2), (1 - 2) * (1 + 0)}, residual.grad().toFloats());
  }

  @Test
  void aGradientSharedByTwoLeavesIsTwoArrays() {
    Tensor a = Tensor.of(new float[] {1}, 1).requireGrad();
    Tensor b = Tensor.of(new float[] {2}, 1).requireGrad();
    ops.backward(ops.add(a, b));
    ops.backward(ops.scale(a, 5));
    assertEquals(6, a.grad().item());
    assertEquals(1, b.grad().item());
  }

  @Test
  void aGraphRunsBackOnce() {
    Tensor x = Tensor.of(new float[] {1, 2}, 2).requireGrad();
    Tensor loss = ops.sum(ops.square(x));
    ops.backward(loss);
    assertThrows(IllegalStateException.class, () -> ops.backward(loss));
    assertThrows(IllegalStateException.class, () -> ops.square(x).requireGrad());
  }

  @Test
  void savedValuesAreFreedOnTheWay() throws InterruptedException {
    Tensor x = Tensor.zeros(1 << 20).requireGrad();
    Tensor hidden = ops.square(x);
    WeakReference<float[]> memory = new WeakReference<>(hidden.array());
    Tensor loss = ops.sum(ops.square(hidden));
    hidden = loss;
    ops.backward(loss);
    for (int i = 0; i < 50 && memory.get() != null; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertNull(memory.get());
    assertTrue(hidden.requiresGrad());
  }

  @Test
  void operatorsThatNeedNoValuesDoNotHoldThem() throws InterruptedException {
    Tensor x = Tensor.zeros(1 << 20).requireGrad();
    Tensor sum = ops.add(x, x);
    WeakReference<float[]> memory = new WeakReference<>(sum.array());
    Tensor total = ops.sum(ops.scale(sum, 2));
    sum = total;
    for (int i = 0; i < 50 && memory.get() != null; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertNull(memory.get());
    ops.backward(sum);
    assertEquals(4, x.grad().get(7));
  }

  @Test
  void customRulesDecideTheGradient() {
    DifferentiableFunction straightThrough =
        new DifferentiableFunction() {
          @Override
          public Tensor forward(Ops inner, Tensor... in) {
            float[] rounded = in[0].toFloats();
            for (int i = 0; i < rounded.length; i++) {
              rounded[i] = (float) Math.rint(rounded[i]);
            }
            assertFalse(inner.isRecording());
            return Tensor.of(rounded, in[0].shape().dims());
          }

          @Override
          public Tensor[] backward(Ops inner, Tensor gradOut, Tensor[] in, Tensor out) {
            return new Tensor[] {gradOut};
          }
        };
    Tensor x = Tensor.of(new float[] {0.4f, 1.7f}, 2).requireGrad();
    Tensor y = ops.custom(straightThrough, x);
    assertArrayEquals(new float[] {0, 2}, y.toFloats());
    ops.backward(ops.sum(ops.square(y)));
    assertArrayEquals(new float[] {0, 4}, x.grad().toFloats());
  }

  @Test
  void aCustomFunctionMayReturnItsInput() {
    DifferentiableFunction doubledGradient =
        new DifferentiableFunction() {
          @Override
          public Tensor forward(Ops inner, Tensor... in) {
            return in[0];
          }

          @Override
          public Tensor[] backward(Ops inner, Tensor gradOut, Tensor[] in, Tensor out) {
            return new Tensor[] {inner.scale(gradOut, 2)};
          }
        };
    Tensor x = Tensor.of(new float[] {1}, 1).requireGrad();
    ops.backward(ops.custom(doubledGradient, x));
    assertEquals(2, x.grad().item());
  }

  @Test
  void checkpointsGiveTheSameGradientsToInputsAndWeights() {
    Random random = new Random(1);
    Tensor x = GradientCheck.random(random, -1, 1, 4, 6).requireGrad();
    Tensor w = GradientCheck.random(random, -1, 1, 5, 6).requireGrad();
    ops.backward(ops.sum(ops.square(ops.gelu(ops.linear(ops.tanh(x), w, null)))));
    float[] dx = x.grad().toFloats();
    float[] dw = w.grad().toFloats();
    x.clearGrad();
    w.clearGrad();
    Tensor out = ops.checkpoint((o, in) -> o.gelu(o.linear(o.tanh(in[0]), w, null)), x);
    ops.backward(ops.sum(ops.square(out)));
    assertArrayEquals(dx, x.grad().toFloats());
    assertArrayEquals(dw, w.grad().toFloats());
    Tensor hidden = ops.tanh(x);
    Tensor wrong = ops.checkpoint((o, in) -> o.mul(in[0], hidden), x);
    assertThrows(IllegalStateException.class, () -> ops.backward(ops.sum(wrong)));
  }

  @Test
  void theFirstPassOfACheckpointSaysThatAnotherFollows() {
    List<String> passes = new ArrayList<>();
    BiFunction<Ops, Tensor[], Tensor> function =
        (o, in) -> {
          passes.add(o.isRecording() + " " + o.isRehearsing());
          return o.square(in[0]);
        };
    Tensor x = Tensor.of(new float[] {1, 2}, 2).requireGrad();
    ops.backward(ops.sum(ops.checkpoint(function, x)));
    try (var inference = ops.noGrad()) {
      Tensor _ = ops.checkpoint(function, x);
    }
    assertEquals(List.of("false true", "true false", "false false"), passes);
    assertFalse(ops.isRehearsing());
  }
}
