package nibble.nn.warmup;

import java.util.SplittableRandom;
import nibble.kernels.attention.AttentionRule;
import nibble.nn.Activation;
import nibble.nn.LayerInput;
import nibble.nn.WeightMatrix;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * What a layer of a transformer does, on a few elements: rows and columns that fill tiles and rows
 * and columns that do not, one row, wide heads and narrow ones.
 */
final class TinyLayer {
  /** Six tiles of rows would be 36: whole tiles, and one that is not. */
  private static final int ROWS = 13;

  private static final int[] HEAD_DIMS = {8, 72};

  private final SplittableRandom random = new SplittableRandom(1);
  private final WeightMatrix weight;
  private final boolean rms;
  private final Tensor many;
  private final Tensor one;
  private final Tensor residual;
  private final Tensor bias;
  private final Tensor gain;
  private final Tensor[] heads = new Tensor[HEAD_DIMS.length];

  /**
   * @param rms whether RMS normalisations, and SiLU, stand for layer normalisations and GELU
   */
  TinyLayer(WeightMatrix weight, boolean rms) {
    this.weight = weight;
    this.rms = rms;
    many = normal(1, ROWS, weight.in());
    one = normal(1, 1, weight.in());
    residual = normal(1, ROWS, weight.out());
    bias = normal(weight.out());
    gain = normal(weight.in());
    for (int i = 0; i < heads.length; i++) {
      heads[i] = normal(1, ROWS + HEAD_DIMS[i], HEAD_DIMS[i]);
    }
  }

  private Tensor normal(int... dims) {
    int size = 1;
    for (int dim : dims) {
      size *= dim;
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.of(values, dims);
  }

  /** Some of it in every round, what is called seldom in a model in every eighth. */
  void forward(Ops ops, int round) {
    try (Ops.Mode inference = ops.noGrad();
        Scope scope = ops.scope()) {
      LayerInput input = new LayerInput(many);
      Tensor _ = weight.multiply(ops, input, bias);
      Tensor _ = weight.multiply(ops, input, bias, rms ? Activation.SILU : Activation.GELU);
      Tensor _ = weight.multiplyAdd(ops, input, bias, residual);
      if (round % 2 == 0) {
        Tensor _ = weight.multiply(ops, one, bias);
        Tensor _ = rms ? ops.rmsNorm(many, gain, 1e-6f) : ops.layerNorm(many, gain, gain, 1e-6f);
      }
      if (round % 8 == 0) {
        for (int i = 0; i < heads.length; i++) {
          AttentionRule rule = AttentionRule.scaled(HEAD_DIMS[i]);
          Tensor _ = ops.attention(heads[i], heads[i], heads[i], 1, 1, rule, null, null);
        }
      }
    }
  }
}
