package nibble.nn.integer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.site.FunctionRecord;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/**
 * Forms of operators: the integer functions of codes, row by row, with the derivatives of the
 * model's own.
 */
class StoredFormsTest {
  private static final UnaryOperator<Tensor> UNUSED =
      x -> {
        throw new AssertionError("nothing is recorded, so nobody needs the model's own function");
      };

  private final Ops ops = Ops.serial();

  private float[] inferred(StoredForm form, Tensor x) {
    try (var inference = ops.noGrad()) {
      return form.apply(ops, x, UNUSED).toFloats();
    }
  }

  private static Tensor values(int[] codes, double scale, int rows) {
    float[] x = new float[codes.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (codes[i] * scale);
    }
    return Tensor.of(x, rows, codes.length / rows);
  }

  /** Codes that went through a float come back, and the result is the integer function's. */
  @Property(tries = 60)
  void formsComputeTheIntegerFunctionsOfCodes(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 16) int range,
      @ForAll @IntRange(min = 2, max = 90) int width) {
    Random random = new Random(seed);
    double scale = range / 127.0;
    int rows = 3;
    int[] codes = random.ints((long) rows * width, -127, 128).toArray();
    Tensor x = values(codes, scale, rows);
    float[] softmax = inferred(new ShiftmaxForm(scale, 8, 16), x);
    float[] gelu = inferred(new ShiftGeluForm(scale, 8, 8), x);
    int[] wide = random.ints((long) rows * width, -32767, 32768).toArray();
    float[] norm = inferred(new LayerNormForm(scale, 16), values(wide, scale, rows));
    for (int row = 0; row < rows; row++) {
      int[] p =
          new Shiftmax(scale, 16)
              .of(java.util.Arrays.copyOfRange(codes, row * width, (row + 1) * width));
      long[] y =
          IntegerLayerNorm.of(java.util.Arrays.copyOfRange(wide, row * width, (row + 1) * width));
      for (int i = 0; i < width; i++) {
        int at = row * width + i;
        assertEquals(p[i] / 32768f, softmax[at]);
        assertEquals((float) (new ShiftGelu(scale, 8).of(codes[at]) * scale / 128), gelu[at]);
        assertEquals((float) (y[i] * IntegerLayerNorm.scale(width)), norm[at]);
      }
    }
  }

  @Test
  void maskedScoresGetNoProbability() {
    float[] p =
        inferred(
            new ShiftmaxForm(0.02, 8, 16), Tensor.of(new float[] {-100, 1, -2, -100.5f, 1}, 1, 5));
    assertEquals(0, p[0], 0x1p-15);
    assertEquals(0, p[3], 0x1p-15);
    assertTrue(p[2] > 0.01, "seen, if little");
  }

  @Test
  void gradientsAreThoseOfTheOwnFunction() {
    float[] start = RandomModels.gaussian(new Random(1), 24, 0, 1);
    float[] weights = RandomModels.gaussian(new Random(2), 24, 0, 1);
    Map<StoredForm, UnaryOperator<Tensor>> forms =
        Map.of(
            new ShiftmaxForm(0.05, 8, 16), ops::softmax,
            new ShiftGeluForm(0.05, 8, 8), ops::gelu,
            new LayerNormForm(1e-4, 16), x -> ops.layerNorm(x, null, null, 1e-6f));
    forms.forEach(
        (form, own) -> {
          Tensor x = Tensor.of(start.clone(), 3, 8).requireGrad();
          Tensor y = Tensor.of(start.clone(), 3, 8).requireGrad();
          Tensor result = form.apply(ops, x, own);
          ops.backward(ops.sum(ops.mul(result, Tensor.of(weights, 3, 8))));
          ops.backward(ops.sum(ops.mul(own.apply(y), Tensor.of(weights, 3, 8))));
          assertArrayEquals(y.grad().toFloats(), x.grad().toFloats());
          assertArrayEquals(inferred(form, Tensor.of(start, 3, 8)), result.toFloats());
        });
  }

  @Test
  void recordsMakeTheSameForms() {
    Tensor x = Tensor.of(RandomModels.gaussian(new Random(3), 400, 0, 2), 100, 4);
    for (StoredForm form :
        List.of(
            new ShiftmaxForm(0.03, 8, 16),
            new ShiftGeluForm(0.03, 8, 8),
            new LayerNormForm(1e-4, 16))) {
      StoredForm again = StoredForms.of(form.stored());
      assertArrayEquals(inferred(form, x), inferred(again, x));
      assertEquals(form.operator(), again.operator());
      try (Ops three = new Ops(WorkSplitter.ofThreads(3));
          var inference = three.noGrad()) {
        assertArrayEquals(inferred(form, x), form.apply(three, x, UNUSED).toFloats());
      }
    }
    for (FunctionRecord bad :
        List.of(
            new FunctionRecord("other", Map.of(), Map.of()),
            new FunctionRecord("shiftmax", Map.of("scale", 0.1), Map.of()),
            new FunctionRecord(
                "integer_layer_norm", Map.of("scale", -1.0, "input_bits", 16.0), Map.of()),
            new FunctionRecord(
                "shift_gelu",
                Map.of("scale", 0.1, "input_bits", 31.0, "sigmoid_bits", 8.0),
                Map.of()))) {
      String message =
          String.valueOf(
              assertThrows(IllegalArgumentException.class, () -> StoredForms.of(bad)).getMessage());
      assertTrue(message.length() > 10, message);
    }
  }
}
