package nibble.quant.fisher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

class ProductSamplesTest {
  private static final int ALL = 100_000;

  private final ViT model =
      RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 4, 2, 12, true), 3);
  private final List<Tensor> batches =
      List.of(RandomModels.pixels(2, 1), RandomModels.pixels(3, 2));

  /**
   * The gradient of cross-entropy in the logits is the prediction less one for the label, so what
   * it takes off is one label an image.
   */
  @Test
  void theGradientAtTheHeadIsPredictionLessLabel() {
    try (Ops ops = Ops.serial()) {
      ProductSamples samples = ProductSamples.record(ops, model, batches, ALL, ALL, 5);
      LayerSamples head = samples.of(model.linear("head"));
      Tensor gradient = head.gradient();
      assertNotNull(gradient);
      assertEquals(5, gradient.dim(0));
      Tensor bias = model.linear("head").ensureBias().floats();
      float[] p =
          ops.softmax(ops.linear(head.input(), model.linear("head").weight().floats(), bias))
              .toFloats();
      for (int image = 0; image < 5; image++) {
        double sum = 0;
        double squares = 0;
        for (int c = 0; c < 7; c++) {
          double label = p[image * 7 + c] - gradient.get(image, c);
          sum += label;
          squares += label * label;
        }
        assertEquals(1, sum, 1e-5);
        assertEquals(1, squares, 1e-5);
      }
    }
  }

  /**
   * The gradient in what attention gives to its output projection is that of the projection's
   * output through its weight.
   */
  @Test
  void theGradientOfTheContextComesThroughTheProjection() {
    try (Ops ops = Ops.serial()) {
      ProductSamples samples =
          ProductSamples.record(ops, model, List.of(batches.getFirst()), ALL, ALL, 5);
      Linear projection = model.linear("blocks.0.attn.proj");
      Tensor gradient = samples.of(projection).gradient();
      assertNotNull(gradient);
      Tensor expected =
          ops.splitHeads(
              ops.reshape(ops.matmul(gradient, projection.weight().floats()), 2, 10, 8), 2);
      AttentionSamples attention =
          samples.ofProbabilities(model.sites().get("blocks.0.attn.probs")).orElseThrow();
      Tensor context = attention.contextGradient();
      assertNotNull(context);
      assertEquals(List.of(0, 1, 0, 1), attention.heads());
      for (int map = 0; map < 4; map++) {
        float[] actual = context.slice(0, map, map + 1).toFloats();
        float[] wanted =
            expected.slice(0, map / 2, map / 2 + 1).slice(1, map % 2, map % 2 + 1).toFloats();
        assertTrue(RandomModels.relativeDifference(actual, wanted) < 1e-5, "map " + map);
      }
    }
  }

  @Test
  void gradientsOfScoresAddUpToNothing() {
    try (Ops ops = Ops.serial()) {
      ProductSamples samples = ProductSamples.record(ops, model, batches, ALL, ALL, 5);
      AttentionSamples attention =
          samples.ofProbabilities(model.sites().get("blocks.1.attn.probs")).orElseThrow();
      Tensor gradient = attention.scoreGradient();
      assertNotNull(gradient);
      float[] sums = ops.sum(gradient, 2, false).toFloats();
      float[] sizes = ops.sum(ops.abs(gradient), 2, false).toFloats();
      double total = 0;
      for (int i = 0; i < sums.length; i++) {
        assertEquals(0, sums[i], 1e-5 * sizes[i] + 1e-9);
        total += sizes[i];
      }
      assertTrue(total > 1e-4, "no gradient at all");
    }
  }

  @Test
  void forwardAloneSeesTheSameInputsAndTheModelStaysAsItWas() {
    try (Ops ops = Ops.serial()) {
      ProductSamples both = ProductSamples.record(ops, model, batches, 8, 2, 5);
      ProductSamples forward = ProductSamples.forward(ops, model, batches, 8, 2);
      for (Linear linear : model.linears()) {
        double difference =
            RandomModels.relativeDifference(
                forward.of(linear).input().toFloats(), both.of(linear).input().toFloats());
        assertTrue(difference < 1e-5, linear.name());
        assertNull(forward.of(linear).gradient());
        assertFalse(linear.isReplaced());
      }
      assertTrue(model.sites().all().stream().allMatch(site -> site.isIdentity()));
      assertTrue(forward.ofProbabilities(model.sites().get("blocks.0.attn.q_out")).isEmpty());
    }
  }
}
