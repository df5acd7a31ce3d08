package nibble.testing;

import java.util.Random;
import nibble.nn.Activation;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.RandomWeights;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.Tensor;

/** Small models with random weights for property tests. */
public final class RandomModels {
  private RandomModels() {}

  /** A configuration with 12 x 12 images in patches of 4. */
  public static ViTConfig vitConfig(
      String architecture, int heads, int headDim, int layers, int intermediate, boolean qkvBias) {
    return new ViTConfig(
        architecture,
        12,
        4,
        3,
        heads * headDim,
        layers,
        heads,
        intermediate,
        Activation.GELU,
        1e-6f,
        qkvBias,
        7,
        Norm.Kind.LAYER);
  }

  /** A ViT whose gains, shifts and biases are random too, so that no fold is trivially right. */
  public static ViT vit(ViTConfig config, long seed) {
    Random random = new Random(seed);
    ViT model = new ViT(config, new RandomWeights(random, 0.2f));
    for (Parameter parameter : model.parameters()) {
      if (parameter.shape().rank() == 1) {
        float centre =
            parameter.name().contains("norm") && parameter.name().endsWith("weight") ? 1f : 0f;
        parameter.set(
            Tensor.of(
                gaussian(random, (int) parameter.shape().size(), centre, 0.3f),
                parameter.shape().dims()));
      }
    }
    return model;
  }

  /** Random pixels for {@code vitConfig}. */
  public static Tensor pixels(int batch, long seed) {
    return Tensor.of(gaussian(new Random(seed), batch * 3 * 12 * 12, 0f, 1f), batch, 3, 12, 12);
  }

  /** Normally distributed numbers. */
  public static float[] gaussian(Random random, int count, float mean, float deviation) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = mean + deviation * (float) random.nextGaussian();
    }
    return values;
  }

  /** {@code max|a - b| / max|b|}. */
  public static double relativeDifference(float[] a, float[] b) {
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < b.length; i++) {
      largest = Math.max(largest, Math.abs(b[i]));
      difference = Math.max(difference, Math.abs((double) a[i] - b[i]));
      if (Float.isNaN(a[i])) {
        return Double.NaN;
      }
    }
    return difference / largest;
  }
}
