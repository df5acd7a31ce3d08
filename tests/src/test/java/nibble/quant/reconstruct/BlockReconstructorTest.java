package nibble.quant.reconstruct;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.rounding.RoundingDrive;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Learned rounding. */
class BlockReconstructorTest {
  private static final ReconstructionOptions SHORT = new ReconstructionOptions(120, 8, 0);

  private final Ops ops = Ops.serial();

  private static ViT model(long seed) {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 1, 24, true), seed);
  }

  private static RoundingLogits logits(Linear linear, int bits) {
    float[] w = linear.weight().peek().toFloats();
    try (WorkSplitter serial = WorkSplitter.serial()) {
      return new RoundingLogits(
          linear,
          QuantParams.fit(
              linear.name(),
              w,
              0,
              linear.out(),
              linear.in(),
              IntFormat.symmetric(bits),
              new Granularity.PerChannel(),
              ClipSearch.none(),
              serial),
          2e-2,
          RoundingDrive.DEFAULTS);
    }
  }

  @Property(tries = 20)
  void startsAtTheFloatWeightAndHardensToNearest(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits) {
    Linear linear = model(seed).linear("blocks.0.mlp.fc1");
    RoundingLogits rounding = logits(linear, bits);
    float[] soft = rounding.apply(ops, linear.weight().floats()).toFloats();
    float[] w = linear.weight().floats().toFloats();
    QuantizedTensor hard = rounding.harden();
    for (int i = 0; i < w.length; i++) {
      float s = hard.params().scales()[i / linear.in()];
      assertEquals(w[i], soft[i], 2e-4 * s + 1e-6);
      assertTrue(Math.abs(hard.dequantize()[i] - w[i]) <= 0.5002f * s + 1e-6, "nearest");
    }
    float penalty = rounding.penalty(ops, 1).orElseThrow().item();
    assertTrue(penalty >= 0 && penalty <= 0.01f && rounding.penalty(ops, 0.1).isEmpty());
  }

  /** dL/dV = dL/dw s h'(V) inside, 0 where h or the code is clamped. */
  @Property(tries = 10)
  void gradientsHaveTheClosedForm(@ForAll long seed) {
    Linear linear = model(seed).linear("blocks.0.attn.proj");
    RoundingLogits rounding = logits(linear, 4);
    float[] weights = RandomModels.gaussian(new Random(seed), linear.out() * linear.in(), 0, 1);
    ops.backward(
        ops.sum(
            ops.mul(
                rounding.apply(ops, linear.weight().floats()),
                Tensor.of(weights, linear.out(), linear.in()))));
    Tensor grad = rounding.logits().grad();
    assertTrue(grad != null);
    float[] v = rounding.logits().toFloats();
    QuantizedTensor hard = rounding.harden();
    for (int i = 0; i < v.length; i++) {
      double sigmoid = 1 / (1 + Math.exp(-v[i]));
      float s = hard.params().scales()[i / linear.in()];
      double floor = Math.floor((double) linear.weight().floats().toFloats()[i] / s);
      double h = sigmoid * 1.2 - 0.1;
      boolean inside = h > 0 && h < 1 && floor + h > -8 && floor + h < 7;
      if (Math.abs(floor + h - 7) > 1e-3 && Math.abs(floor + h + 8) > 1e-3) {
        assertEquals(
            inside ? weights[i] * s * 1.2 * sigmoid * (1 - sigmoid) : 0,
            grad.toFloats()[i],
            1e-4 * s + 1e-6);
      }
    }
  }

  @Test
  void aBlockIsNeverWorseThanNearestAndUsuallyBetter() {
    double better = 0;
    for (long seed = 1; seed <= 3; seed++) {
      BlockReconstructor.Result result = block(seed, SHORT);
      assertTrue(result.after() <= result.before());
      better += result.after() < 0.9 * result.before() ? 1 : 0;
    }
    assertTrue(better >= 2, better + " of 3 blocks gained a tenth");
    BlockReconstructor.Result dropped = block(4, new ReconstructionOptions(60, 8, 0.5));
    assertTrue(dropped.after() <= dropped.before());
  }

  private BlockReconstructor.Result block(long seed, ReconstructionOptions options) {
    ViT model = model(seed);
    Block block = model.blocks().getFirst();
    List<Tensor> inputs;
    List<Tensor> targets;
    try (var inference = ops.noGrad()) {
      Tensor x = model.embed(ops, RandomModels.pixels(16, seed));
      inputs = List.of(x);
      targets = List.of(block.forward(ops, x));
    }
    List<RoundingLogits> roundings =
        block.stages().stream().flatMap(List::stream).map(linear -> logits(linear, 3)).toList();
    BlockReconstructor reconstructor = new BlockReconstructor(ops, options);
    BlockReconstructor.Result result =
        reconstructor.reconstruct(
            block::forward, Streams.of(inputs, inputs, targets), roundings, 7);
    assertTrue(
        roundings.stream().allMatch(r -> r.linear().weightSite().isIdentity()),
        "the sites are as before");
    try (var inference = ops.noGrad()) {
      roundings.forEach(
          r ->
              r.linear()
                  .setWeight(
                      Tensor.of(r.harden().dequantize(), r.linear().out(), r.linear().in())));
      assertEquals(
          result.after(),
          ops.mse(block.forward(ops, inputs.getFirst()), targets.getFirst()).item(),
          1e-3 * result.after());
    }
    return result;
  }

  @Test
  void theSameSeedGivesTheSameCodes() {
    ViT model = model(5);
    Linear linear = model.linear("blocks.0.mlp.fc1");
    Tensor x = Tensor.of(RandomModels.gaussian(new Random(1), 64 * 16, 0, 1), 64, 16);
    Tensor target;
    try (var inference = ops.noGrad()) {
      target = linear.project(ops, x);
    }
    byte[] first = null;
    for (int run = 0; run < 2; run++) {
      RoundingLogits rounding = logits(linear, 3);
      BlockReconstructor.Result result =
          new BlockReconstructor(ops, SHORT)
              .reconstruct(
                  linear::project,
                  Streams.of(List.of(x), List.of(x), List.of(target)),
                  List.of(rounding),
                  3);
      assertTrue(result.after() < result.before());
      byte[] codes = rounding.harden().codes();
      assertArrayEquals(first == null ? codes : first, codes);
      first = codes;
    }
    assertThrows(IllegalArgumentException.class, () -> new ReconstructionOptions(0, 8, 0));
    assertThrows(
        IllegalArgumentException.class, () -> Streams.of(List.of(x), List.of(x), List.of()));
  }
}
