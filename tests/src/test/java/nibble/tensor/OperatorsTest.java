package nibble.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.function.BiFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.gemm.PackedMatrix;
import nibble.kernels.parallel.WorkSplitter;
import org.junit.jupiter.api.Test;

/** Results of operators against plain index arithmetic. */
class OperatorsTest {
  private final Ops ops = Ops.serial();

  private static Tensor random(Random random, int... dims) {
    return GradientCheck.random(random, -2, 2, dims);
  }

  private static int at(Tensor x, int axis, int index) {
    int own = axis - (3 - x.rank());
    return own < 0 || x.dim(own) == 1 ? 0 : index;
  }

  private static float read(Tensor x, int i, int j, int k) {
    int[] index = {at(x, 0, i), at(x, 1, j), at(x, 2, k)};
    return x.get(java.util.Arrays.copyOfRange(index, 3 - x.rank(), 3));
  }

  @Property(tries = 150)
  void binaryOperatorsBroadcast(@ForAll Random random) {
    int[] dims = {1 + random.nextInt(3), 1 + random.nextInt(4), 1 + random.nextInt(20)};
    Tensor a = random(random, shrunk(random, dims));
    Tensor b = random(random, shrunk(random, dims));
    compare(a, b, ops.add(a, b), (x, y) -> x + y);
    compare(a, b, ops.sub(a, b), (x, y) -> x - y);
    compare(a, b, ops.mul(a, b), (x, y) -> x * y);
    compare(a, b, ops.div(a, b), (x, y) -> x / y);
  }

  private static int[] shrunk(Random random, int[] dims) {
    int[] result = dims.clone();
    for (int i = 0; i < dims.length; i++) {
      result[i] = random.nextInt(3) == 0 ? 1 : dims[i];
    }
    return java.util.Arrays.copyOfRange(result, random.nextInt(4), 3);
  }

  private static void compare(Tensor a, Tensor b, Tensor out, BiFunction<Float, Float, Float> f) {
    Tensor wide =
        out.view(
            out.rank() > 2 ? out.dim(0) : 1,
            out.rank() > 1 ? out.dim(-2) : 1,
            out.rank() > 0 ? out.dim(-1) : 1);
    for (int i = 0; i < wide.dim(0); i++) {
      for (int j = 0; j < wide.dim(1); j++) {
        for (int k = 0; k < wide.dim(2); k++) {
          assertEquals(f.apply(read(a, i, j, k), read(b, i, j, k)), wide.get(i, j, k));
        }
      }
    }
  }

  @Test
  void longRowsBroadcastToo() {
    Tensor a = random(new Random(1), 3, 70_000);
    Tensor column = random(new Random(2), 3, 1);
    Tensor sum = ops.add(a, column);
    Tensor turned = ops.sub(column, a);
    for (int i = 0; i < 70_000; i += 997) {
      assertEquals(a.get(2, i) + column.get(2, 0), sum.get(2, i));
      assertEquals(column.get(1, 0) - a.get(1, i), turned.get(1, i));
    }
  }

  @Property(tries = 60)
  void matmulSumsProducts(@ForAll Random random) {
    int m = 1 + random.nextInt(4);
    int n = 1 + random.nextInt(4);
    int k = 1 + random.nextInt(5);
    Tensor a = random(random, 2, 3, m, k);
    Tensor b = random(random, 2, 3, k, n);
    Tensor c = ops.matmul(a, b);
    Tensor turned = ops.matmulTransposed(a, b.transposed(-1, -2));
    Tensor linear = ops.linear(a, b.row(1).row(2).transposed(0, 1), null);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int l = 0; l < k; l++) {
          sum += (double) a.get(1, 2, i, l) * b.get(1, 2, l, j);
        }
        assertEquals(sum, c.get(1, 2, i, j), 1e-5);
        assertEquals(sum, turned.get(1, 2, i, j), 1e-5);
        assertEquals(sum, linear.get(1, 2, i, j), 1e-5);
      }
    }
  }

  @Test
  void packedWeightsGiveTheSameProduct() {
    Tensor x = random(new Random(3), 2, 5, 7);
    Tensor w = random(new Random(4), 6, 7);
    float[] bias = random(new Random(5), 6).toFloats();
    PackedMatrix packed =
        Gemm.best().pack(MemorySegment.ofArray(w.array()), 0, Gemm.WeightType.F32, 6, 7);
    assertArrayEquals(
        ops.linear(x, w, Tensor.of(bias, 6)).toFloats(),
        ops.linear(x, packed, bias).toFloats(),
        1e-5f);
    x.requireGrad();
    assertThrows(IllegalStateException.class, () -> ops.linear(x, packed, bias));
    assertThrows(
        IllegalArgumentException.class,
        () -> ops.linear(random(new Random(6), 2, 6), packed, null));
  }

  @Test
  void headsAndPatchesAreWhereTheyBelong() {
    Tensor x = random(new Random(7), 2, 3, 8);
    Tensor heads = ops.splitHeads(x, 4);
    assertEquals(Shape.of(2, 4, 3, 2), heads.shape());
    assertEquals(x.get(1, 2, 3 * 2 + 1), heads.get(1, 3, 2, 1));
    assertArrayEquals(x.toFloats(), ops.mergeHeads(heads).toFloats());
    Tensor images = random(new Random(8), 2, 3, 4, 6);
    Tensor patches = ops.patches(images, 2);
    assertEquals(Shape.of(2, 6, 12), patches.shape());
    assertEquals(images.get(1, 2, 2 + 1, 4 + 0), patches.get(1, 1 * 3 + 2, 2 * 4 + 1 * 2 + 0));
    assertThrows(IllegalArgumentException.class, () -> ops.patches(images, 4));
  }

  @Property(tries = 60)
  void reductionsConcatAndSlicesAgreeWithLoops(@ForAll Random random) {
    Tensor x =
        random(random, 1 + random.nextInt(3), 1 + random.nextInt(300), 1 + random.nextInt(3));
    for (int axis = 0; axis < 3; axis++) {
      Tensor sum = ops.sum(x, axis, true);
      Tensor parts = Tensor.zeros(sum.shape().dims());
      for (int i = 0; i < x.dim(axis); i++) {
        parts = ops.add(parts, ops.slice(x, axis, i, i + 1));
      }
      assertArrayEquals(parts.toFloats(), sum.toFloats(), 1e-3f);
      assertEquals(x.rank() - 1, ops.mean(x, axis, false).rank());
      int cut = x.dim(axis) / 2;
      Tensor whole =
          ops.concat(axis, ops.slice(x, axis, 0, cut), ops.slice(x, axis, cut, x.dim(axis)));
      assertArrayEquals(x.toFloats(), whole.toFloats());
    }
    double total = 0;
    for (float value : x.toFloats()) {
      total += value;
    }
    assertEquals(total, ops.sum(x).item(), 1e-3);
  }

  @Test
  void crossEntropyOfKnownRows() {
    Tensor logits = Tensor.of(new float[] {0, 0, 0, 0, (float) Math.log(3), 0, 0, 0}, 2, 4);
    double expected = (Math.log(4) + Math.log(6.0 / 3)) / 2;
    assertEquals(expected, ops.crossEntropy(logits, new int[] {2, 0}).item(), 1e-6);
    double smoothed =
        (Math.log(4) + 0.9 * Math.log(2) + 0.1 * (Math.log(2) + 3 * Math.log(6)) / 4) / 2;
    assertEquals(smoothed, ops.crossEntropy(logits, new int[] {2, 0}, 0.1f).item(), 1e-6);
    assertThrows(IndexOutOfBoundsException.class, () -> ops.crossEntropy(logits, new int[] {2, 4}));
    assertThrows(IllegalArgumentException.class, () -> ops.crossEntropy(logits, new int[] {2}));
  }

  @Test
  void shapesThatDoNotFitAreNamed() {
    Tensor x = Tensor.zeros(2, 3);
    assertThrows(IllegalArgumentException.class, () -> ops.add(x, Tensor.zeros(2)));
    assertThrows(IllegalArgumentException.class, () -> ops.matmul(x, x));
    assertThrows(
        IllegalArgumentException.class,
        () -> ops.matmul(Tensor.zeros(2, 2, 3), Tensor.zeros(3, 3, 2)));
    assertThrows(IllegalArgumentException.class, () -> ops.linear(x, Tensor.zeros(4, 2), null));
    assertThrows(
        IllegalArgumentException.class, () -> ops.linear(x, Tensor.zeros(4, 3), Tensor.zeros(3)));
    assertThrows(
        IllegalArgumentException.class, () -> ops.layerNorm(x, Tensor.zeros(2), null, 1e-5f));
    assertThrows(IllegalArgumentException.class, () -> ops.permute(x, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> ops.expand(x, 3, 3));
    assertThrows(IllegalArgumentException.class, () -> ops.concat(0, x, Tensor.zeros(2, 2)));
    assertThrows(IndexOutOfBoundsException.class, () -> ops.rowsOf(x, new int[] {2}));
    assertThrows(IllegalArgumentException.class, () -> ops.mse(x, Tensor.zeros(3, 2)));
  }

  @Test
  void otherDtypesAndStridedViewsAreInputsToo() {
    Tensor x = random(new Random(9), 3, 4);
    assertArrayEquals(
        ops.square(x.transposed(0, 1)).toFloats(), ops.permute(ops.square(x), 1, 0).toFloats());
    assertArrayEquals(
        ops.scale(x.to(DType.BF16).toF32(), 2).toFloats(),
        ops.scale(x.to(DType.BF16), 2).toFloats());
  }

  @Test
  void resultsDoNotDependOnTheNumberOfThreads() {
    try (Ops two = new Ops(WorkSplitter.ofThreads(2))) {
      Random random = new Random(10);
      Tensor x = random(random, 4, 65, 192);
      Tensor w = random(random, 200, 192);
      Tensor gain = random(random, 192);
      for (BiFunction<Ops, Tensor, Tensor> f :
          java.util.List.<BiFunction<Ops, Tensor, Tensor>>of(
              (o, t) -> o.linear(t, w, null),
              (o, t) -> o.layerNorm(t, gain, gain, 1e-6f),
              Ops::softmax,
              Ops::gelu,
              Ops::sum,
              (o, t) -> o.sum(t, 1, false),
              (o, t) -> o.matmulTransposed(t, t))) {
        Tensor a = x.detach().requireGrad();
        Tensor b = x.detach().requireGrad();
        ops.backward(ops.mean(ops.square(f.apply(ops, a))));
        two.backward(two.mean(two.square(f.apply(two, b))));
        assertArrayEquals(f.apply(ops, x).toFloats(), f.apply(two, x).toFloats());
        assertArrayEquals(
            java.util.Objects.requireNonNull(a.grad()).toFloats(),
            java.util.Objects.requireNonNull(b.grad()).toFloats());
      }
    }
  }
}
