package nibble.nn.online;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.kernels.lowbit.RowMap;
import nibble.nn.Activation;
import nibble.nn.LayerInput;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.Sites;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.site.ChannelScale;
import nibble.nn.site.ChannelShift;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** A packed layer applies an online transform to each row on the way to its codes. */
class FusedTransformTest {
  private static final int OUT = 20;
  private static final ActivationQuantizer QUANTIZER = ActivationQuantizer.perToken(4, true);

  @Property(tries = 40)
  void aPackedLayerHasTheBitsOfTransformThenProduct(
      @ForAll @IntRange(max = 5) int kind,
      @ForAll @IntRange(min = 1, max = 9) int rows,
      @ForAll long seed) {
    Random random = new Random(seed);
    ChannelScale scale =
        new ChannelScale(Tensor.of(RandomModels.gaussian(random, 48, 1, 0.1f), 48));
    ChannelShift shift = new ChannelShift(Tensor.of(RandomModels.gaussian(random, 48, 0, 1), 48));
    List<SiteFunction> transforms =
        switch (kind) {
          case 0 -> List.of(new HadamardSite(48));
          case 1 -> List.of(new HadamardSite(48, OptionalLong.of(seed)));
          case 2 -> List.of(new HeadHadamardSite(4));
          case 3 -> List.of(scale, shift);
          case 4 -> List.of(new HadamardSite(48), shift);
          default -> List.of(shift, new HadamardSite(48), scale);
        };
    Linear linear = linear(random, 48);
    linear.input().append((ops, x) -> ops.mul(x, x));
    transforms.forEach(linear.input()::append);
    Tensor x = Tensor.of(RandomModels.gaussian(random, 2 * rows * 48, 0, 1), 2, rows, 48);
    Tensor residual = Tensor.of(RandomModels.gaussian(random, 2 * rows * OUT, 0, 1), 2, rows, OUT);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor plain = linear.project(ops, linear.input().apply(ops, x));
      assertArrayEquals(plain.toFloats(), linear.forward(ops, x).toFloats());
      assertArrayEquals(
          Activation.GELU.apply(ops, plain).toFloats(),
          linear.forward(ops, x, Activation.GELU).toFloats());
      assertArrayEquals(
          ops.add(residual, plain).toFloats(), linear.forwardAdd(ops, x, residual).toFloats());
    }
  }

  /** The whole tensor is made only for those who ask for it: other weights, and gradients. */
  @Test
  void theTransformOfTheTensorIsNotExecutedBeforePackedWeights() {
    int[] calls = new int[1];
    HadamardSite transform = new HadamardSite(16);
    Random random = new Random(5);
    Linear linear = linear(random, 16);
    linear
        .input()
        .append(
            new SiteFunction() {
              @Override
              public Tensor apply(Ops ops, Tensor x) {
                calls[0]++;
                return transform.apply(ops, x);
              }

              @Override
              public Optional<RowMap> rowMap() {
                return transform.rowMap();
              }
            });
    Tensor x = Tensor.of(RandomModels.gaussian(random, 7 * 16, 0, 1), 7, 16);
    try (Ops ops = Ops.serial()) {
      try (var inference = ops.noGrad()) {
        linear.forward(ops, x);
        assertEquals(0, calls[0]);
        linear.execute(((PackedIntWeight) linear.matrix()).withActivations(null));
        linear.forward(ops, x);
        assertEquals(1, calls[0]);
      }
      linear.forward(ops, x);
      assertEquals(2, calls[0]);
    }
  }

  /** All functions at the end that can work on rows, but what stands before one that cannot. */
  @Test
  void asManyFunctionsAsWorkInPlaceAreLeftToTheLayer() {
    SiteFunction squares = (ops, x) -> ops.mul(x, x);
    SiteFunction scale = new ChannelScale(Tensor.of(new float[] {2, 3}, 2));
    SiteFunction shift = new ChannelShift(Tensor.of(new float[] {5, 7}, 2));
    SiteFunction rotation = new HadamardSite(2);
    assertSource(1, squares, scale, shift);
    assertSource(2, scale, squares, shift);
    assertSource(0, rotation, scale, shift);
    assertSource(1, scale, rotation, shift);
    assertSource(3, scale, shift, squares);
    assertSource(2, scale, new ChannelShift(Tensor.of(new float[] {5}, 1, 1)), rotation);
  }

  private static void assertSource(int applied, SiteFunction... functions) {
    Site site = new Sites().add("x");
    List.of(functions).forEach(site::append);
    Tensor x = Tensor.of(new float[] {1, -2}, 1, 2);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      LayerInput input = site.input(ops, x);
      Tensor before = x;
      for (int i = 0; i < applied; i++) {
        before = functions[i].apply(ops, before);
      }
      assertArrayEquals(before.toFloats(), input.source().toFloats());
      assertArrayEquals(site.apply(ops, x).toFloats(), input.tensor().toFloats());
    }
  }

  @Test
  void rowsOfAnotherWidthAreRefused() {
    Linear linear = linear(new Random(1), 16);
    linear.input().append(new HadamardSite(8));
    Linear heads = linear(new Random(1), 16);
    heads.input().append(new HeadHadamardSite(12));
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      String message =
          assertThrows(
                  IllegalArgumentException.class, () -> linear.forward(ops, Tensor.zeros(2, 16)))
              .getMessage();
      assertEquals("expected rows of 8 channels, found 16", message);
      message =
          assertThrows(
                  IllegalArgumentException.class, () -> heads.forward(ops, Tensor.zeros(2, 16)))
              .getMessage();
      assertEquals("rows of 16 channels do not consist of 12 heads", message);
      Linear scaled = linear(new Random(1), 16);
      scaled.input().append(new ChannelScale(Tensor.of(new float[] {2, 3}, 2)));
      message =
          assertThrows(
                  IllegalArgumentException.class, () -> scaled.forward(ops, Tensor.zeros(2, 16)))
              .getMessage();
      assertEquals("a row has 16 elements, expected one for each of 2 channels", message);
    }
  }

  private static Linear linear(Random random, int in) {
    Sites sites = new Sites();
    Parameter weight =
        new Parameter(
            "fc.weight", Tensor.of(RandomModels.gaussian(random, OUT * in, 0, 1), OUT, in));
    Linear linear = new Linear("fc", weight, null, sites.add("fc.input"), sites);
    byte[] codes = new byte[OUT * in];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (random.nextInt(15) - 7);
    }
    float[] scales = new float[OUT];
    for (int i = 0; i < OUT; i++) {
      scales[i] = 0.1f + random.nextFloat();
    }
    linear.execute(
        new PackedIntWeight(IntWeights.packSymmetric(codes, scales, OUT, in, 4, in), QUANTIZER));
    return linear;
  }
}
