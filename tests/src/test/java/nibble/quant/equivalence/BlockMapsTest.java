package nibble.quant.equivalence;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

/** Maps that leave the function of a block. */
class BlockMapsTest {
  private static final int[][] HEADS_AND_DIMS = {
    {4, 2, 8}, {6, 3, 8}, {3, 1, 8}, {5, 5, 6}, {2, 1, 10}
  };

  private final Ops ops = Ops.serial();

  private static List<Linear> linears(Block block) {
    return block.stages().stream().flatMap(List::stream).toList();
  }

  /** Maps of all blocks with random values. */
  private static List<BlockMaps> randomMaps(Model model, boolean full, long seed) {
    Random random = new Random(seed);
    List<BlockMaps> all = new ArrayList<>();
    for (Block block : model.blocks()) {
      BlockMaps maps = new BlockMaps(model, linears(block), new BlockMaps.Choice(full, 1, 0.01));
      maps.groups()
          .forEach(
              group ->
                  group
                      .parameters()
                      .forEach(
                          leaf -> {
                            float spread = leaf.rank() == 3 ? 0.3f / leaf.dim(2) : 0.3f;
                            for (int i = 0; i < leaf.size(); i++) {
                              leaf.array()[leaf.offset() + i] +=
                                  spread * (float) random.nextGaussian();
                            }
                          }));
      maps.project();
      all.add(maps);
    }
    return all;
  }

  private void keepsTheOutput(Model model, Tensor input, boolean full, long seed) {
    try (var inference = ops.noGrad()) {
      float[] before = model.forward(ops, input).toFloats();
      List<float[]> weights =
          model.linears().stream().map(linear -> linear.weight().peek().toFloats()).toList();
      List<BlockMaps> all = randomMaps(model, full, seed);
      for (BlockMaps maps : all) {
        assertTrue(maps.size() >= 3, "norms, values, queries and keys: " + maps.size());
        assertTrue(maps.dominance().orElseThrow() > 0);
        maps.prepare(ops, 1);
      }
      float[] mapped = model.forward(ops, input).toFloats();
      assertTrue(
          RandomModels.relativeDifference(mapped, before) < 1e-4,
          "relative difference " + RandomModels.relativeDifference(mapped, before));
      double moved = 0;
      for (int i = 0; i < weights.size(); i++) {
        moved =
            Math.max(
                moved,
                RandomModels.relativeDifference(
                    model.linears().get(i).weight().peek().toFloats(), weights.get(i)));
      }
      assertTrue(moved > 0.05, "weights moved by " + moved);
      all.forEach(BlockMaps::end);
      assertArrayEquals(
          before, model.forward(ops, input).toFloats(), "the parameters are as before");
      all.forEach(maps -> maps.fold(ops));
      assertArrayEquals(mapped, model.forward(ops, input).toFloats(), "folded for good");
    }
  }

  @Property(tries = 40)
  void llamaKeepsItsLogits(
      @ForAll long seed,
      @ForAll @IntRange(max = 4) int size,
      @ForAll boolean biases,
      @ForAll boolean norms,
      @ForAll boolean joined,
      @ForAll boolean tied,
      @ForAll boolean full) {
    int[] s = HEADS_AND_DIMS[size];
    var shape = new RandomTextModels.Shape(s[0], s[1], s[2], 2, 48, biases, norms, joined, tied, 0);
    keepsTheOutput(
        RandomTextModels.llama(shape, seed), RandomTextModels.input(7, seed + 1), full, seed);
  }

  @Property(tries = 20)
  void modelsWithLayerNormKeepTheirLogits(
      @ForAll long seed,
      @ForAll @IntRange(max = 2) int kind,
      @ForAll @IntRange(min = 3, max = 4) int heads,
      @ForAll boolean full) {
    Model model =
        kind == 0
            ? RandomTextModels.gpt2(heads, 8, seed)
            : RandomTextModels.gptNeoX(heads, 8, kind == 1, seed);
    keepsTheOutput(model, RandomTextModels.input(7, seed + 1), full, seed);
  }

  @Property(tries = 10)
  void imageClassifiersKeepTheirLogits(@ForAll long seed, @ForAll boolean full) {
    keepsTheOutput(
        RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 3, 8, 2, 24, true), seed),
        RandomModels.pixels(2, seed),
        full,
        seed);
  }

  /** Why scales of queries and keys are tied: one of a rotary pair alone changes the function. */
  @Test
  void untiedScalesOfARotaryPairChangeTheFunction() {
    for (boolean tied : new boolean[] {true, false}) {
      Model model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 3);
      ResidualStructure.Attention attention = model.attentions().getFirst();
      assertEquals(8, attention.between().rotary());
      HeadMatrix matrix =
          new HeadMatrix(
              tied ? HeadMatrix.Form.PAIRS : HeadMatrix.Form.DIAGONAL, 2, 8, tied ? 8 : 0, 1);
      float[] factors = new float[16];
      Arrays.fill(factors, 1);
      factors[1] = 3; // of the pair 1, 5 of the first head
      matrix.setDiagonal(factors);
      QueryKeyMap map = new QueryKeyMap(attention, matrix);
      PartParameters parameters = new PartParameters();
      map.register(parameters);
      try (var inference = ops.noGrad()) {
        Tensor input = RandomTextModels.input(9, 4);
        float[] before = model.forward(ops, input).toFloats();
        parameters.reset();
        map.apply(ops, parameters, 1);
        parameters.install();
        double difference =
            RandomModels.relativeDifference(model.forward(ops, input).toFloats(), before);
        assertEquals(tied, difference < 1e-4, "relative difference " + difference);
        assertTrue(tied || difference > 1e-2, "relative difference " + difference);
      }
    }
  }

  private void checkGradients(DifferentiableFunction function, double tolerance, Tensor... in) {
    Random random = new Random(3);
    Tensor first = ops.custom(function, in);
    Tensor c =
        Tensor.of(RandomModels.gaussian(random, (int) first.size(), 0, 1), first.shape().dims());
    Supplier<Tensor> value = () -> ops.sum(ops.mul(ops.custom(function, in), c));
    for (Tensor leaf : in) {
      leaf.requireGrad().clearGrad();
    }
    ops.backward(value.get());
    for (Tensor leaf : in) {
      Tensor grad = leaf.grad();
      assertTrue(grad != null);
      for (int i = 0; i < leaf.size(); i++) {
        float before = leaf.array()[i];
        leaf.array()[i] = before + 1e-2f;
        double up = value.get().item();
        leaf.array()[i] = before - 1e-2f;
        double down = value.get().item();
        leaf.array()[i] = before;
        assertEquals(
            (up - down) / 2e-2,
            grad.toFloats()[i],
            tolerance * (1 + Math.abs(up - down) / 2e-2),
            "element " + i);
      }
    }
  }

  @Test
  void gradientsAreThoseOfTheValues() {
    Random random = new Random(1);
    float[] a = RandomModels.gaussian(random, 2 * 4 * 4, 0, 0.3f);
    for (int i = 0; i < 8; i++) {
      a[i * 4 + i % 4] += 2;
    }
    checkGradients(new MatrixInverse(), 5e-3, Tensor.of(a, 2, 4, 4));
    checkGradients(
        new RowsByHead(1, 5, 1),
        5e-3,
        Tensor.of(RandomModels.gaussian(random, 11 * 3, 0, 1), 11, 3),
        Tensor.of(a, 2, 4, 4));
    checkGradients(
        new RowsByHead(0, 4, 2),
        5e-3,
        Tensor.of(RandomModels.gaussian(random, 16 * 3, 0, 1), 16, 3),
        Tensor.of(a, 2, 4, 4));
  }

  @Test
  void inversesAreInverses() {
    Random random = new Random(2);
    float[] a = RandomModels.gaussian(random, 3 * 6 * 6, 0, 1);
    Tensor x = Tensor.of(a, 3, 6, 6);
    float[] product = ops.matmul(ops.custom(new MatrixInverse(), x), x).toFloats();
    for (int i = 0; i < product.length; i++) {
      assertEquals(i / 6 % 6 == i % 6 ? 1 : 0, product[i], 1e-4);
    }
    assertThrows(
        ArithmeticException.class, () -> ops.custom(new MatrixInverse(), Tensor.zeros(1, 2, 2)));
  }

  /**
   * AffineQuant's gradual mask: the identity in the beginning, everything in the end; dominance
   * after every projection, whatever an update did.
   */
  @Property(tries = 40)
  void theMaskOpensAndTheDiagonalStaysDominant(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 9) int d, @ForAll boolean small) {
    HeadMatrix matrix = new HeadMatrix(HeadMatrix.Form.FULL, 2, d, 0, small ? 0.1f : 1);
    Random random = new Random(seed);
    for (int i = 0; i < matrix.leaf().size(); i++) {
      matrix.leaf().array()[i] += 3 * (float) random.nextGaussian();
    }
    matrix.project();
    assertTrue(matrix.dominance() >= 0.0999, "dominance " + matrix.dominance());
    float[] start = matrix.matrix(ops, 0).toFloats();
    float[] half = matrix.matrix(ops, 0.5).toFloats();
    float[] end = matrix.matrix(ops, 1).toFloats();
    for (int i = 0; i < start.length; i++) {
      int distance = Math.abs(i / d % d - i % d);
      assertTrue(distance == 0 || start[i] == 0);
      assertTrue(distance <= Math.round(0.5 * (d - 1)) || half[i] == 0);
      float raw = matrix.leaf().toFloats()[i];
      assertEquals(distance == 0 ? raw : raw * (small ? 0.1f : 1), end[i], 1e-6);
    }
    ops.backward(ops.sum(matrix.matrix(ops, 0)));
    Tensor grad = matrix.leaf().grad();
    assertTrue(grad != null && grad.toFloats()[1] == 0, "what the mask hides has no gradient");
  }

  /** What scales start with: the spread of inputs and weights, balanced. */
  @Test
  void startsBalanceInputsAndWeights() {
    assertEquals(Math.sqrt(8) / Math.sqrt(2), BlockMaps.balance(8, 2, 0.5), 1e-6);
    assertEquals(8, BlockMaps.balance(8, 2, 1), 1e-6);
    assertTrue(BlockMaps.balance(0, 5, 0.5) >= 1e-5f);
    Model model = RandomTextModels.gpt2(4, 8, 1);
    Block block = model.blocks().getFirst();
    try (var inference = ops.noGrad()) {
      List<Tensor> inputs = List.of(model.embed(ops, RandomTextModels.input(9, 2)));
      var ranges = ChannelRanges.of(ops, block::forward, inputs, linears(block));
      assertTrue(linears(block).stream().allMatch(linear -> linear.input().isIdentity()));
      BlockMaps maps = new BlockMaps(model, linears(block), new BlockMaps.Choice(false, 1, 0.01));
      maps.start(ranges, 0.5);
      maps.fold(ops);
      var after = ChannelRanges.of(ops, block::forward, inputs, linears(block));
      ChannelRanges centred = after.get(linears(block).getFirst().input());
      for (int j = 0; j < centred.low().length; j++) {
        assertEquals(
            -centred.low()[j],
            centred.high()[j],
            1e-3 * centred.high()[j] + 1e-5,
            "channel " + j + " is centred");
      }
    }
  }
}
