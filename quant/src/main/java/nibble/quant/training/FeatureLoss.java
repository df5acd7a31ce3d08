package nibble.quant.training;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.Block;
import nibble.nn.ImageClassifier;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.pca.Pca;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * How far the final features of a model are from the teacher's, seen in the teacher's principal
 * directions V (GPLQ, arXiv:2506.11784, equations 4 to 6):
 *
 * <pre>{@code
 * L = mean over images of ||(f_s - f_t) V||^2
 * }</pre>
 *
 * <p>The mean of the features cancels, so only the directions count.
 *
 * @param projection {@code V^T [k, width]}
 * @param explained share of the variance of the teacher's features that V holds
 */
public record FeatureLoss(Tensor projection, double explained) {

  /**
   * Fits the directions to the teacher's features of all samples.
   *
   * @param share of the variance that decides how many (paper: about 0.6), rounded to a multiple of
   *     {@code step} (paper: 32)
   */
  public static FeatureLoss fit(
      Ops ops, ImageClassifier teacher, SampleSource samples, double share, int step) {
    List<float[]> rows = new ArrayList<>();
    int width = 0;
    for (Samples batch : samples.batches()) {
      Tensor features = features(ops, teacher, batch.inputs());
      width = features.dim(1);
      rows.add(features.toFloats());
    }
    float[] all = new float[samples.size() * width];
    int filled = 0;
    for (float[] part : rows) {
      System.arraycopy(part, 0, all, filled, part.length);
      filled += part.length;
    }
    Pca pca = Pca.of(all, samples.size(), width);
    int k = pca.components(share, step);
    return new FeatureLoss(pca.projection(k), pca.explained(k));
  }

  private static Tensor features(Ops ops, ImageClassifier model, Tensor inputs) {
    try (var inference = ops.noGrad();
        Scope scope = ops.scope()) {
      Tensor x = model.embed(ops, inputs);
      for (Block block : model.blocks()) {
        try (Scope inner = ops.scope()) {
          x = inner.keep(model.through(ops, block, x));
        }
      }
      Tensor features = model.features(ops, x);
      return Tensor.of(features.toFloats(), features.shape().dims());
    }
  }

  /** Number of directions k. */
  public int directions() {
    return projection.dim(0);
  }

  /** The loss of features {@code [images, width]}, rank 0. */
  public Tensor of(Ops ops, Tensor student, Tensor teacher) {
    Tensor projected = ops.linear(ops.sub(student, teacher), projection, null);
    return ops.scale(ops.sum(ops.square(projected)), 1f / student.dim(0));
  }
}
