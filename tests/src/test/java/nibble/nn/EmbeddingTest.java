package nibble.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;

class EmbeddingTest {
  private static final float[] ROWS = {1, 2, 3, 4, 5, 6};
  private static final Shape SHAPE = Shape.of(3, 2);

  /** Three rows of two numbers, each ten times its float value. */
  private record Tenfold() implements RowTable {
    @Override
    public int rows() {
      return 3;
    }

    @Override
    public int width() {
      return 2;
    }

    @Override
    public void row(int index, float[] to, int at) {
      to[at] = 10 * ROWS[2 * index];
      to[at + 1] = 10 * ROWS[2 * index + 1];
    }

    @Override
    public long bytes() {
      return 0;
    }

    @Override
    public String format() {
      return "tenfold";
    }
  }

  @Test
  void aPackedTableIsNeverMadeFloat() {
    Parameter weight =
        new Parameter(
            "words",
            SHAPE,
            SHAPE,
            () -> {
              throw new AssertionError("the float values were made");
            });
    Embedding table = new Embedding("embed", weight);
    table.execute(new Tenfold());
    try (Ops ops = Ops.serial()) {
      assertArrayEquals(
          new float[] {50, 60, 10, 20},
          table.forward(ops, new int[] {2, 0}).toFloats(),
          "with grad mode");
      try (Ops.Mode inference = ops.noGrad()) {
        assertArrayEquals(
            new float[] {30, 40},
            table.forward(ops, new int[] {1}).toFloats(),
            "without grad mode");
      }
    }
  }

  @Test
  void aTableOf16BitsStaysSoUntilItIsTrained() {
    Parameter weight = new Parameter("words", Tensor.of(ROWS, 3, 2).to(DType.BF16));
    Embedding table = new Embedding("embed", weight);
    try (Ops ops = Ops.serial()) {
      assertArrayEquals(new float[] {3, 4}, table.forward(ops, new int[] {1}).toFloats());
      assertEquals(DType.BF16, weight.value().dtype());
      weight.train();
      ops.backward(ops.sum(table.forward(ops, new int[] {1, 1})));
      assertArrayEquals(new float[] {0, 0, 2, 2, 0, 0}, weight.floats().grad().toFloats());
      table.execute(new Tenfold());
      String message =
          String.valueOf(
              assertThrows(IllegalStateException.class, () -> table.forward(ops, new int[] {1}))
                  .getMessage());
      assertTrue(message.contains("'embed' is packed"), message);
    }
  }
}
