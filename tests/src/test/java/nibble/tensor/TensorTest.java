package nibble.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Views against plain index arithmetic, and what a tensor gives access to. */
class TensorTest {

  private static Tensor counted(int... dims) {
    float[] data = new float[(int) Shape.of(dims).size()];
    for (int i = 0; i < data.length; i++) {
      data[i] = i;
    }
    return Tensor.of(data, dims);
  }

  @Property(tries = 100)
  void viewsReadWhatIndexArithmeticSays(
      @ForAll @IntRange(min = 1, max = 4) int a,
      @ForAll @IntRange(min = 1, max = 4) int b,
      @ForAll @IntRange(min = 1, max = 5) int c,
      @ForAll Random random) {
    Tensor x = counted(a, b, c);
    int from = random.nextInt(c);
    int to = from + 1 + random.nextInt(c - from);
    Tensor view = x.transposed(0, -1).slice(0, from, to).transposed(1, 2); // [to - from, a, b]
    assertEquals(Shape.of(to - from, a, b), view.shape());
    float[] copied = view.toFloats();
    int at = 0;
    for (int k = from; k < to; k++) {
      for (int i = 0; i < a; i++) {
        for (int j = 0; j < b; j++) {
          float expected = (i * b + j) * c + k;
          assertEquals(expected, view.get(k - from, i, j));
          assertEquals(expected, copied[at++]);
        }
      }
    }
    assertArrayEquals(copied, view.toF32().toFloats());
    assertTrue(view.toF32().isContiguous());
    Tensor row = x.row(a - 1);
    assertEquals(Shape.of(b, c), row.shape());
    assertEquals(x.get(a - 1, b - 1, c - 1), row.array()[row.offset() + b * c - 1]);
  }

  @Property(tries = 60)
  void viewsOfNativeMemoryReadTheSame(
      @ForAll @IntRange(min = 1, max = 5) int rows,
      @ForAll @IntRange(min = 1, max = 5) int columns) {
    Tensor heap = counted(rows, columns);
    for (DType dtype : new DType[] {DType.F64, DType.F16, DType.I16, DType.U8}) {
      Tensor packed = heap.to(dtype);
      assertArrayEquals(heap.transposed(0, 1).toFloats(), packed.transposed(0, 1).toFloats());
      assertArrayEquals(
          heap.slice(1, columns - 1, columns).toFloats(),
          packed.slice(1, columns - 1, columns).toFloats());
      assertArrayEquals(
          heap.transposed(0, 1).toFloats(), packed.transposed(0, 1).to(DType.F64).toFloats());
    }
  }

  @Test
  void viewsShareMemory() {
    Tensor x = counted(2, 3);
    x.view(3, -1).array()[5] = 50;
    assertEquals(50, x.get(1, 2));
    x.slice(0, 1, 2).array()[x.slice(0, 1, 2).offset()] = 30;
    assertEquals(30, x.get(1, 0));
    assertEquals(
        30, x.segment().asSlice(12, 4).get(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, 0));
    assertEquals(12, x.row(1).segment().byteSize());
    assertSame(x, x.toF32());
  }

  @Test
  void misuseIsNamed() {
    Tensor x = counted(2, 3);
    assertThrows(IllegalArgumentException.class, () -> Tensor.of(new float[5], 2, 3));
    assertThrows(IllegalArgumentException.class, () -> x.view(4, -1));
    assertThrows(IllegalArgumentException.class, () -> x.view(-1, -1));
    assertThrows(IllegalArgumentException.class, () -> x.get(1));
    assertThrows(IndexOutOfBoundsException.class, () -> x.get(2, 0));
    assertThrows(IndexOutOfBoundsException.class, () -> x.slice(1, 2, 4));
    assertThrows(IllegalStateException.class, x::item);
    Tensor strided = x.transposed(0, 1);
    assertFalse(strided.isContiguous());
    assertThrows(IllegalStateException.class, strided::array);
    assertThrows(IllegalStateException.class, strided::segment);
    assertThrows(IllegalStateException.class, () -> strided.view(6));
    assertThrows(IllegalStateException.class, () -> x.to(DType.F16).array());
    assertThrows(IllegalStateException.class, () -> x.to(DType.F16).requireGrad());
    assertThrows(
        IllegalArgumentException.class,
        () -> Tensor.ofSegment(MemorySegment.ofArray(new byte[11]), DType.F16, Shape.of(2, 3)));
  }

  @Test
  void nativeTensorsAreAlignedZeros() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor x = Tensor.allocate(arena, DType.BF16, 3, 5);
      assertEquals(0, x.segment().address() % 64);
      assertEquals(30, x.byteSize());
      assertArrayEquals(new float[15], x.toFloats());
    }
  }

  @Test
  void emptyTensorsAndScalars() {
    assertEquals(0, Tensor.zeros(0, 3).toFloats().length);
    assertEquals(0, Tensor.zeros(3, 0).transposed(0, 1).toFloats().length);
    assertEquals(2.5f, Tensor.scalar(2.5f).item());
    assertTrue(Tensor.scalar(1).shape().rank() == 0);
  }
}
