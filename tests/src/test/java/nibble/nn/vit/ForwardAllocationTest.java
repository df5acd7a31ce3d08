package nibble.nn.vit;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Random;
import nibble.kernels.platform.VectorSupport;
import nibble.nn.Activation;
import nibble.nn.Norm;
import nibble.nn.RandomWeights;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Allocations;
import org.junit.jupiter.api.Test;

/**
 * After the first passes, memory is used again: one activation that is not would be 150 KB here, a
 * bias that is copied 3 KB.
 */
class ForwardAllocationTest {
  private static final int BYTES_PER_PASS = 40_000;
  private static final int PASSES = 5;

  @Test
  void aForwardPassAllocatesNextToNothing() {
    assumeTrue(VectorSupport.isAvailable(), "scalar kernels hold their sums in small arrays");
    ViTConfig config =
        new ViTConfig(
            ViTConfig.DEIT,
            224,
            16,
            3,
            192,
            2,
            3,
            768,
            Activation.GELU,
            1e-6f,
            true,
            10,
            Norm.Kind.LAYER);
    ViT model = new ViT(config, new RandomWeights(new Random(1), 0.02f));
    Tensor pixels = Tensor.of(new float[3 * 224 * 224], 1, 3, 224, 224);
    try (Ops ops = Ops.serial()) {
      Allocations.assertAtMost(
          BYTES_PER_PASS, "a forward pass", PASSES, () -> pass(ops, model, pixels));
    }
  }

  private static void pass(Ops ops, ViT model, Tensor pixels) {
    try (var inference = ops.noGrad();
        var scope = ops.scope()) {
      model.forward(ops, pixels);
    }
  }
}
