package nibble.quant.reconstruct;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import nibble.nn.decoder.Decoder;
import nibble.quant.format.Scheme;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.model.Segment;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

/** Windows, streams and samples of a reconstruction. */
class BlockWalkTest {
  private final Ops ops = Ops.serial();

  /**
   * Of a text model with three blocks whose first layer is spoilt when its block is finished: later
   * windows see that in one stream only.
   */
  @Test
  void windowsMoveOnByOneBlockWithBothStreams() {
    var shape = new RandomTextModels.Shape(4, 2, 8, 3, 48, false, false, false, false, 0);
    Decoder model = RandomTextModels.llama(shape, 1);
    List<Tensor> inputs = List.of(RandomTextModels.input(7, 2), RandomTextModels.input(5, 3));
    ModelTask task =
        ModelTask.of(
            ops,
            model,
            () -> RandomTextModels.llama(shape, 1),
            SampleSource.of(inputs.stream().map(Samples::unlabelled).toList()),
            Scheme.parse("W4A16"),
            1);
    List<String> order = new ArrayList<>();
    List<BlockWalk.Window> windows = new ArrayList<>();
    BlockWalk.run(
        task,
        inputs,
        2,
        true,
        new BlockWalk.Visitor() {
          @Override
          public void learn(BlockWalk.Window window) {
            order.add(
                String.join("+", window.parts().stream().map(Segment::name).toList())
                    + (window.isBlock() ? "" : "!"));
            windows.add(window);
          }

          @Override
          public void finish(Segment part) {
            order.add("/" + part.name());
            if (part.name().equals("layers.0")) {
              model.linear("layers.0.attn.o").setWeight(Tensor.zeros(32, 32));
            }
          }
        });
    assertEquals(
        List.of(
            "/embedding",
            "layers.0+layers.1",
            "/layers.0",
            "layers.1+layers.2",
            "/layers.1",
            "layers.2",
            "/layers.2",
            "head!",
            "/head"),
        order);
    Decoder original = RandomTextModels.llama(shape, 1);
    try (var inference = ops.noGrad()) {
      Tensor x = original.embed(ops, inputs.getFirst());
      assertArrayEquals(x.toFloats(), windows.getFirst().streams().inputs().getFirst().toFloats());
      Tensor one = original.through(ops, original.blocks().getFirst(), x);
      Tensor two = original.through(ops, original.blocks().get(1), one);
      assertArrayEquals(
          two.toFloats(), windows.getFirst().streams().targets().getFirst().toFloats());
      Streams second = windows.get(1).streams();
      assertArrayEquals(one.toFloats(), second.floatInputs().getFirst().toFloats());
      assertTrue(
          RandomModels.relativeDifference(second.inputs().getFirst().toFloats(), one.toFloats())
              > 1e-3,
          "the quantized stream goes on from the finished block");
      Tensor ofInputs =
          original.through(
              ops,
              original.blocks().get(2),
              original.through(ops, original.blocks().get(1), second.inputs().get(1)));
      assertArrayEquals(ofInputs.toFloats(), second.ofInputs().orElseThrow().get(1).toFloats());
    }
    assertThrows(
        IllegalArgumentException.class,
        () ->
            BlockWalk.run(
                task,
                inputs,
                0,
                false,
                new BlockWalk.Visitor() {
                  @Override
                  public void learn(BlockWalk.Window window) {}

                  @Override
                  public void finish(Segment part) {}
                }));
  }

  /**
   * Windows of text are batches of one sample: several of the same length make an update, and
   * inputs and targets stay together.
   */
  @Test
  void samplesComeFromSeveralBatchesOfOneShape() {
    List<Tensor> inputs = new ArrayList<>();
    List<Tensor> targets = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      int tokens = i == 5 ? 3 : 4;
      float[] values = new float[tokens * 2];
      Arrays.fill(values, i);
      inputs.add(Tensor.of(values, 1, tokens, 2));
      targets.add(Tensor.of(values, 1, tokens, 2));
    }
    for (int seed = 0; seed < 30; seed++) {
      SampleDraw draw = new SampleDraw(inputs, 4, new SplittableRandom(seed));
      Tensor x = draw.of(inputs);
      assertArrayEquals(x.toFloats(), draw.of(targets).toFloats());
      assertEquals(x.dim(1) == 3 ? 1 : 4, x.dim(0));
      assertEquals(x.dim(0), x.toFloats().length == 0 ? 0 : (int) distinct(x));
    }
    Tensor many = Tensor.of(RandomModels.gaussian(new Random(1), 20, 0, 1), 10, 2);
    assertEquals(
        8, new SampleDraw(List.of(many), 8, new SplittableRandom(1)).of(List.of(many)).dim(0));
  }

  private static long distinct(Tensor x) {
    Set<Float> values = new HashSet<>();
    for (float value : x.toFloats()) {
      values.add(value);
    }
    return values.size();
  }

  @Test
  void lossesHaveTheirFormulas() {
    Tensor q = Tensor.of(new float[] {1, 2, 3, 6}, 2, 2);
    Tensor f = Tensor.of(new float[] {0, 2, 2, 2}, 2, 2);
    assertEquals(
        (1 + 0 + 1 + 16) / 4.0, ReconstructionLoss.MEAN_SQUARES.of(ops, q, f).item(), 1e-6);
    // means 2, 4 against 1, 2; variances 1, 4 against 1, 0
    assertEquals(
        (1 + 2) / 2.0 + (0 + 4) / 2.0, ReconstructionLoss.STATISTICS.of(ops, q, f).item(), 1e-6);
    assertEquals(0, ReconstructionLoss.STATISTICS.of(ops, f, f).item(), 0);
    double expected = 0;
    double[][] rows = {{1, 2, 0, 2}, {3, 6, 2, 2}};
    for (double[] r : rows) {
      double[] p = softmax(r[2], r[3]);
      double[] o = softmax(r[0], r[1]);
      expected += (p[0] * Math.log(p[0] / o[0]) + p[1] * Math.log(p[1] / o[1])) / 2;
    }
    assertEquals(expected, ReconstructionLoss.DIVERGENCE.of(ops, q, f).item(), 1e-6);
    assertEquals(
        expected + 4.5,
        ReconstructionLoss.MEAN_SQUARES.plus(ReconstructionLoss.DIVERGENCE).of(ops, q, f).item(),
        1e-5);
  }

  private static double[] softmax(double a, double b) {
    return new double[] {1 / (1 + Math.exp(b - a)), 1 / (1 + Math.exp(a - b))};
  }
}
