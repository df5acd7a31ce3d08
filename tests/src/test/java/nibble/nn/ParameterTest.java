package nibble.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;

class ParameterTest {
  private static final UnaryOperator<Tensor> TWICE = t -> Ops.serial().scale(t.toF32(), 2);

  @Test
  void aMapRunsOnlyWhenTheValueIsAskedFor() {
    Parameter parameter = new Parameter("w", Tensor.of(new float[] {1, 2}, 2));
    AtomicInteger calls = new AtomicInteger();
    parameter.map(
        t -> {
          calls.incrementAndGet();
          return TWICE.apply(t);
        });
    assertEquals(0, calls.get());
    assertArrayEquals(new float[] {2, 4}, parameter.peek().toFloats());
    assertArrayEquals(new float[] {2, 4}, parameter.peek().toFloats());
    assertEquals(2, calls.get(), "peek keeps nothing");
    assertSame(parameter.value(), parameter.value());
    assertEquals(3, calls.get(), "value keeps what it made");
  }

  @Test
  void mapsFollowEachOther() {
    Parameter parameter = new Parameter("w", Tensor.of(new float[] {1, 2}, 2));
    parameter.map(TWICE);
    parameter.map(t -> Ops.serial().add(t, Tensor.scalar(1)));
    assertArrayEquals(new float[] {3, 5}, parameter.peek().toFloats());
    parameter.value();
    parameter.map(TWICE);
    assertArrayEquals(new float[] {6, 10}, parameter.peek().toFloats());
  }

  @Test
  void aMapUsesTheValueThatWasThereWhenItWasAsked() {
    Parameter parameter = new Parameter("w", Tensor.of(new float[] {1}, 1));
    parameter.set(Tensor.of(new float[] {5}, 1));
    parameter.map(TWICE);
    assertArrayEquals(new float[] {10}, parameter.peek().toFloats());
    parameter.set(Tensor.of(new float[] {7}, 1));
    assertArrayEquals(new float[] {7}, parameter.peek().toFloats());
  }

  @Test
  void replaceForgetsTheOldValue() {
    Parameter parameter = new Parameter("w", Tensor.of(new float[] {1}, 1));
    parameter.value();
    parameter.replace(() -> Tensor.of(new float[] {9}, 1));
    assertArrayEquals(new float[] {9}, parameter.value().toFloats());
  }

  @Test
  void theShapeStays() {
    Parameter parameter = new Parameter("w", Tensor.zeros(2, 3));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> parameter.set(Tensor.zeros(3, 2)));
    assertEquals("parameter 'w' has shape [2, 3], the replacement [3, 2]", e.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> new Parameter("w", Shape.of(2, 3), Shape.of(5), () -> Tensor.zeros(5)));
  }

  @Test
  void computedAndStoredShapeMayDiffer() {
    Parameter kernel = new Parameter("k", Tensor.of(new float[24], 2, 3, 2, 2)).as(2, 12);
    assertEquals(Shape.of(2, 12), kernel.shape());
    assertEquals(Shape.of(2, 12), kernel.value().shape());
    assertEquals(Shape.of(2, 3, 2, 2), kernel.stored().shape());
    kernel.map(TWICE);
    assertEquals(Shape.of(2, 3, 2, 2), kernel.stored().shape());
  }

  @Test
  void floatsAreAWorkingCopyOfWhateverIsStored() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor mapped = Tensor.allocate(arena, DType.F32, 3);
      Parameter parameter = new Parameter("w", mapped);
      Tensor floats = parameter.floats();
      assertNotSame(mapped, floats);
      assertEquals(3, floats.array().length);
      assertSame(floats, parameter.floats());
    }
    Parameter half = new Parameter("h", Tensor.of(new float[] {0.5f, 3}, 2).to(DType.BF16));
    assertEquals(DType.BF16, half.value().dtype());
    assertArrayEquals(new float[] {0.5f, 3}, half.floats().array());
    assertTrue(half.train().requiresGrad());
  }

  @Test
  void aTiedParameterSharesTheValueUntilEitherIsReplaced() {
    Parameter words = new Parameter("words", Tensor.of(new float[] {1, 2}, 2));
    Parameter head = Parameter.tied("head", words);
    assertTrue(head.isTied());
    assertSame(words.floats(), head.floats());
    assertSame(words.train(), head.train());
    words.map(t -> Tensor.of(new float[] {5, 6}, 2));
    assertFalse(head.isTied());
    assertArrayEquals(new float[] {1, 2}, head.peek().toFloats());
    assertArrayEquals(new float[] {5, 6}, words.peek().toFloats());
    Parameter second = Parameter.tied("second", words);
    second.set(Tensor.of(new float[] {7, 8}, 2));
    assertArrayEquals(new float[] {5, 6}, words.peek().toFloats());
    assertArrayEquals(new float[] {7, 8}, second.stored().toFloats());
  }

  /**
   * Computed with as [b, a], stored as [a, b]; a value that nobody changed is stored as it was, in
   * its dtype.
   */
  @Test
  void aTransposedParameterIsStoredTheOtherWayRound() {
    Tensor stored = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3).to(DType.BF16);
    Parameter parameter = new Parameter("w", stored).transposed();
    assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, parameter.peek().toFloats());
    assertSame(DType.BF16, parameter.stored().dtype());
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, parameter.stored().toFloats());
    parameter.set(Tensor.of(new float[] {1, 4, 2, 5, 3, 7}, 3, 2));
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 7}, parameter.stored().toFloats());
  }

  @Test
  void aParameterPlusAConstantIsStoredWithoutIt() {
    Parameter parameter = new Parameter("gain", Tensor.of(new float[] {0.5f, -1}, 2)).plus(1);
    assertArrayEquals(new float[] {1.5f, 0}, parameter.floats().toFloats());
    assertArrayEquals(new float[] {0.5f, -1}, parameter.stored().toFloats());
    parameter.train().array()[0] = 3;
    assertArrayEquals(new float[] {2, -1}, parameter.stored().toFloats());
  }
}
