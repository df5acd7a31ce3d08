package nibble.nn;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Starting values for training: matrices and embeddings from a normal distribution cut at two
 * standard deviations, gains of normalisations 1, biases 0. Tensors are drawn in the order in which
 * the model asks for them, so one seed gives one model.
 */
public final class RandomWeights implements WeightSource {
  private final RandomGenerator random;
  private final float deviation;

  /**
   * @param deviation standard deviation of matrices and embeddings (ViT: 0.02)
   */
  public RandomWeights(RandomGenerator random, float deviation) {
    this.random = random;
    this.deviation = deviation;
  }

  @Override
  public boolean has(String name) {
    return true;
  }

  @Override
  public Tensor get(String name, int... dims) {
    float[] values = new float[Math.toIntExact(Shape.of(dims).size())];
    if (dims.length > 1) {
      for (int i = 0; i < values.length; i++) {
        values[i] = deviation * truncatedNormal();
      }
    } else if (name.contains("norm") && name.endsWith("weight")) {
      Arrays.fill(values, 1f);
    }
    return Tensor.of(values, dims);
  }

  @Override
  public Parameter gain(String name, int width) {
    float[] ones = new float[width];
    Arrays.fill(ones, 1f);
    return new Parameter(name, Tensor.of(ones, width));
  }

  private float truncatedNormal() {
    double value = random.nextGaussian();
    while (Math.abs(value) > 2) {
      value = random.nextGaussian();
    }
    return (float) value;
  }
}
