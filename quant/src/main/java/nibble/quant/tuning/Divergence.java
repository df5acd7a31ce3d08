package nibble.quant.tuning;

import java.util.Arrays;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Divergence of a student's logits from a teacher's where the teacher's are largest: KL-Top of
 * OSTQuant, <a href="https://arxiv.org/abs/2501.13987">arXiv:2501.13987</a>.
 *
 * <pre>{@code
 * T = the k largest of the teacher's logits z           u: logits of the student
 * p = softmax(z[T])    q = softmax(u[T])                loss = mean over rows of sum over T of p log(p / q)
 * }</pre>
 *
 * <p>With k at least the vocabulary it is the divergence of the whole distributions. Sums are added
 * in double. The logits of the student are the one input.
 *
 * @param teacher {@code [rows, vocabulary]}
 * @param top k, at least 1
 */
public record Divergence(Tensor teacher, int top) implements DifferentiableFunction {
  public Divergence {
    if (teacher.rank() != 2 || top < 1) {
      throw new IllegalArgumentException(
          "a divergence needs logits [rows, vocabulary] and at least 1 of them, found %s and %d"
              .formatted(teacher.shape(), top));
    }
  }

  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor u = in[0];
    if (!u.shape().equals(teacher.shape())) {
      throw new IllegalArgumentException(
          "the student's logits are %s, the teacher's %s".formatted(u.shape(), teacher.shape()));
    }
    double sum = 0;
    for (int row = 0; row < rows(); row++) {
      int[] at = largest(row);
      double[] z = picked(teacher, row, at);
      double[] q = picked(u, row, at);
      double zNorm = logSum(z);
      double qNorm = logSum(q);
      for (int i = 0; i < at.length; i++) {
        double logP = z[i] - zNorm;
        sum += Math.exp(logP) * (logP - (q[i] - qNorm));
      }
    }
    Tensor out = ops.empty();
    out.array()[out.offset()] = (float) (sum / rows());
    return out;
  }

  /** {@code dL/du = (q - p) / rows} at the chosen places, else 0. */
  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    Tensor u = in[0];
    Tensor grad = ops.empty(u.shape().dims());
    Arrays.fill(grad.array(), grad.offset(), grad.offset() + (int) grad.size(), 0f);
    double factor = gradOut.item() / (double) rows();
    int width = u.dim(1);
    for (int row = 0; row < rows(); row++) {
      int[] at = largest(row);
      double[] z = picked(teacher, row, at);
      double[] q = picked(u, row, at);
      double zNorm = logSum(z);
      double qNorm = logSum(q);
      for (int i = 0; i < at.length; i++) {
        grad.array()[grad.offset() + row * width + at[i]] =
            (float) (factor * (Math.exp(q[i] - qNorm) - Math.exp(z[i] - zNorm)));
      }
    }
    return new Tensor[] {grad};
  }

  private int rows() {
    return teacher.dim(0);
  }

  /** Places of the k largest logits of a row of the teacher; of equal ones the first. */
  private int[] largest(int row) {
    int width = teacher.dim(1);
    int from = teacher.offset() + row * width;
    int k = Math.min(top, width);
    int[] places = new int[k];
    if (k == width) {
      Arrays.setAll(places, i -> i);
      return places;
    }
    float[] sorted = Arrays.copyOfRange(teacher.array(), from, from + width);
    Arrays.sort(sorted);
    float limit = sorted[width - k];
    int above = 0;
    for (int i = 0; i < width; i++) {
      above += teacher.array()[from + i] > limit ? 1 : 0;
    }
    int equal = k - above;
    int filled = 0;
    for (int i = 0; i < width; i++) {
      float value = teacher.array()[from + i];
      if (value > limit || value == limit && equal-- > 0) {
        places[filled++] = i;
      }
    }
    return places;
  }

  private static double[] picked(Tensor logits, int row, int[] at) {
    double[] values = new double[at.length];
    int from = logits.offset() + row * logits.dim(1);
    for (int i = 0; i < at.length; i++) {
      values[i] = logits.array()[from + at[i]];
    }
    return values;
  }

  private static double logSum(double[] values) {
    double max = Arrays.stream(values).max().orElse(0);
    double sum = 0;
    for (double value : values) {
      sum += Math.exp(value - max);
    }
    return max + Math.log(sum);
  }
}
