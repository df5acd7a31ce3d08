package nibble.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Recycled memory: same results, next to no garbage, and no silent use after recycling. */
class ScopeTest {
  private final Ops ops = Ops.serial();
  private final Tensor x = GradientCheck.random(new Random(1), -1, 1, 64, 48);
  private final Tensor w = GradientCheck.random(new Random(2), -1, 1, 96, 48);
  private final Tensor v = GradientCheck.random(new Random(3), -1, 1, 48, 96);

  private Tensor block(Tensor input) {
    Tensor hidden = ops.gelu(ops.linear(ops.layerNorm(input, null, null, 1e-6f), w, null));
    return ops.add(input, ops.softmax(ops.linear(hidden, v, null)));
  }

  private float[] pass() {
    try (Ops.Mode mode = ops.noGrad();
        Scope scope = ops.scope()) {
      return block(block(x)).toFloats();
    }
  }

  @Test
  void recycledMemoryGivesTheSameResults() {
    float[] expected = block(block(x)).toFloats();
    for (int i = 0; i < 5; i++) {
      assertArrayEquals(expected, pass());
    }
  }

  @Test
  void escapedTensorsThrow() {
    Tensor escaped;
    Tensor view;
    Tensor kept;
    try (Scope scope = ops.scope()) {
      escaped = ops.square(x);
      view = escaped.row(0);
      kept = scope.keep(ops.square(x));
    }
    assertThrows(IllegalStateException.class, escaped::array);
    assertThrows(IllegalStateException.class, escaped::toFloats);
    assertThrows(IllegalStateException.class, () -> view.get(0));
    assertThrows(IllegalStateException.class, () -> ops.exp(escaped));
    assertEquals(x.get(3, 4) * x.get(3, 4), kept.get(3, 4));
  }

  @Test
  void scopesNest() {
    Tensor kept;
    Scope outer = ops.scope();
    try (Scope inner = ops.scope()) {
      kept = inner.keep(ops.square(x));
      assertThrows(IllegalStateException.class, outer::close);
    }
    kept.array();
    outer.close();
    outer.close();
    assertThrows(IllegalStateException.class, kept::array);
  }

  @Test
  void aKeptViewKeepsItsMemory() {
    Tensor kept;
    try (Scope scope = ops.scope()) {
      kept = scope.keep(ops.reshape(ops.square(x), -1));
    }
    assertEquals(x.get(0, 1) * x.get(0, 1), kept.get(1));
  }

  @Test
  void inputsAreNeverRecycled() {
    float[] own = x.array();
    try (Scope scope = ops.scope()) {
      ops.reshape(x, 48, 64);
      x.view(-1);
    }
    assertSame(own, x.array());
  }

  @Test
  void aTrainingStepInsideAScopeLeavesTheSameGradients() {
    Tensor plain = w.detach().requireGrad();
    Tensor scoped = w.detach().requireGrad();
    loss(plain);
    for (int i = 0; i < 3; i++) {
      scoped.clearGrad();
      try (Scope scope = ops.scope()) {
        loss(scoped);
      }
    }
    assertArrayEquals(
        Objects.requireNonNull(plain.grad()).array(),
        Objects.requireNonNull(scoped.grad()).array());
  }

  private void loss(Tensor weight) {
    Tensor hidden = ops.linear(ops.tanh(ops.linear(x, weight, null)), v, null);
    ops.backward(ops.mean(ops.square(ops.add(hidden, x))));
  }
}
