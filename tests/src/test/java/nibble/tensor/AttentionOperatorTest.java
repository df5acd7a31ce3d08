package nibble.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.RopeTable;
import org.junit.jupiter.api.Test;

class AttentionOperatorTest {
  private static final int HEADS = 4;
  private static final int KV_HEADS = 2;
  private static final int HEAD_DIM = 12;

  private final Ops ops = Ops.serial();
  private final Random random = new Random(3);

  private Tensor normal(int... dims) {
    int size = 1;
    for (int dim : dims) {
      size *= dim;
    }
    float[] data = new float[size];
    for (int i = 0; i < size; i++) {
      data[i] = (float) random.nextGaussian();
    }
    return Tensor.of(data, dims);
  }

  /** The plain operators: heads of k and v repeated, a matrix of all scores. */
  private Tensor plain(Tensor q, Tensor k, Tensor v, AttentionRule rule, Tensor bias) {
    Tensor scores =
        ops.matmulTransposed(ops.scale(ops.splitHeads(q, HEADS), rule.scale()), repeated(k));
    Tensor probs = ops.softmax(ops.add(scores, bias));
    return ops.mergeHeads(ops.matmul(probs, repeated(v)));
  }

  private Tensor repeated(Tensor x) {
    Tensor split = ops.splitHeads(x, KV_HEADS);
    int b = split.dim(0);
    int t = split.dim(2);
    Tensor one = ops.reshape(split, b, KV_HEADS, 1, t, HEAD_DIM);
    return ops.reshape(
        ops.expand(one, b, KV_HEADS, HEADS / KV_HEADS, t, HEAD_DIM), b, HEADS, t, HEAD_DIM);
  }

  @Test
  void equalsThePlainOperators() {
    Tensor q = normal(2, 9, HEADS * HEAD_DIM);
    Tensor k = normal(2, 20, KV_HEADS * HEAD_DIM);
    Tensor v = normal(2, 20, KV_HEADS * HEAD_DIM);
    AttentionRule rule = AttentionRule.scaled(HEAD_DIM);
    for (Tensor bias :
        new Tensor[] {
          normal(1, 1, 1, 20), normal(2, 1, 1, 20), normal(2, HEADS, 9, 20), normal(1, HEADS, 9, 20)
        }) {
      assertArrayEquals(
          plain(q, k, v, rule, bias).toFloats(),
          ops.attention(q, k, v, HEADS, KV_HEADS, rule, null, bias).toFloats(),
          1e-5f,
          bias.toString());
    }
    Tensor zeros = Tensor.zeros(1, 1, 1, 20);
    assertArrayEquals(
        plain(q, k, v, rule, zeros).toFloats(),
        ops.attention(q, k, v, HEADS, KV_HEADS, rule, null, null).toFloats(),
        1e-5f);
  }

  @Test
  void theFilledPartOfACacheIsReadWhereItIs() {
    Tensor q = normal(2, 3, HEADS * HEAD_DIM);
    Tensor cache = normal(2, 50, KV_HEADS * HEAD_DIM);
    Tensor filled = cache.slice(1, 0, 20);
    AttentionRule rule = AttentionRule.scaled(HEAD_DIM).causalFrom(17);
    float[] expected =
        ops.attention(q, filled.toF32(), filled.toF32(), HEADS, KV_HEADS, rule, null, null)
            .toFloats();
    assertArrayEquals(
        expected, ops.attention(q, filled, filled, HEADS, KV_HEADS, rule, null, null).toFloats());
    assertArrayEquals(
        expected,
        ops.attention(q, cache, cache, HEADS, KV_HEADS, rule, null, null).toFloats(),
        "causal: later rows are not seen");
  }

  @Test
  void positionsMayDifferFromSequenceToSequence() {
    RopeTable table =
        RopeTable.of(RopeTable.Pairs.HALVES, RopeTable.frequencies(HEAD_DIM, 10_000), 40, 1);
    Tensor x = normal(3, 5, HEADS * HEAD_DIM);
    int[] positions = random.ints(15, 0, 40).toArray();
    float[] all = ops.rotate(x, HEAD_DIM, table, positions).toFloats();
    int width = 5 * HEADS * HEAD_DIM;
    for (int b = 0; b < 3; b++) {
      int[] own = java.util.Arrays.copyOfRange(positions, 5 * b, 5 * b + 5);
      float[] one = ops.rotate(ops.slice(x, 0, b, b + 1), HEAD_DIM, table, own).toFloats();
      assertArrayEquals(one, java.util.Arrays.copyOfRange(all, b * width, (b + 1) * width));
    }
    assertEquals(0, ops.rotate(Tensor.zeros(1, 0, 24), HEAD_DIM, table, new int[0]).size());
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Tensor q = normal(1, 2, HEADS * HEAD_DIM);
    Tensor k = normal(1, 4, KV_HEADS * HEAD_DIM);
    AttentionRule rule = AttentionRule.scaled(HEAD_DIM);
    assertThrows(
        IllegalArgumentException.class,
        () -> ops.attention(q, k, normal(1, 5, 24), HEADS, KV_HEADS, rule, null, null));
    assertThrows(
        IllegalArgumentException.class,
        () -> ops.attention(q, k, k, HEADS, HEADS, rule, null, null));
    assertThrows(
        IllegalArgumentException.class,
        () -> ops.attention(q, k, k, HEADS, KV_HEADS, rule, null, normal(1, 1, 1, 5)));
    Tensor wanting = normal(1, 2, HEADS * HEAD_DIM).requireGrad();
    assertThrows(
        IllegalStateException.class,
        () -> ops.attention(wanting, k, k, HEADS, KV_HEADS, rule, null, null));
    RopeTable table =
        RopeTable.of(RopeTable.Pairs.HALVES, RopeTable.frequencies(HEAD_DIM, 10_000), 4, 1);
    assertThrows(
        IllegalArgumentException.class, () -> ops.rotate(q, HEAD_DIM, table, new int[] {1, 2, 3}));
    assertThrows(IllegalArgumentException.class, () -> ops.rotate(q, 11, table, new int[] {1, 2}));
  }
}
