package nibble.tensor;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Rows of the derivative table that end a training graph: scalars. */
final class Losses {
  private Losses() {}

  /**
   * Mean over the rows of {@code -sum_c t_c log softmax(logits)_c}, where the target {@code t} is {@code 1 - smoothing} on the label plus
   * {@code smoothing / classes} everywhere.
   */
  record CrossEntropy(int[] labels, float smoothing) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor logits = in[0];
      if (logits.rank() != 2 || logits.dim(0) != labels.length || labels.length == 0) {
        throw new IllegalArgumentException(
            "crossEntropy needs logits [labels, classes], got %s for %d labels".formatted(logits.shape(), labels.length));
      }
      int classes = logits.dim(1);
      double sum = 0;
      for (int row = 0; row < labels.length; row++) {
        int at = logits.offset() + row * classes;
        double log = Normalisation.logSumExp(logits.array(), at, classes);
        double all = 0;
        for (int c = 0; c < classes; c++) {
          all += log - logits.array()[at + c];
        }
        int label = Objects.checkIndex(labels[row], classes);
        sum += (1 - smoothing) * (log - logits.array()[at + label]) + smoothing * all / classes;
      }
      Tensor out = engine.empty(Shape.of());
      out.array()[out.offset()] = (float) (sum / labels.length);
      return out;
    }

    /** {@code (softmax - t) / rows}. */
    @Override
    public @Nullable Tensor[] backward(Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor logits = in[0];
      Tensor result = engine.empty(logits.shape());
      int classes = logits.dim(1);
      double share = grad.item() / (double) labels.length;
      float[] x = logits.array();
      float[] d = result.array();
      engine.blocks(
          labels.length, classes * 16L,
          (from, to, scratch) -> {
            for (int row = from; row < to; row++) {
              int at = logits.offset() + row * classes;
              int to0 = result.offset() + row * classes;
              double log = Normalisation.logSumExp(x, at, classes);
              for (int c = 0; c < classes; c++) {
                double target = smoothing / classes + (c == labels[row] ? 1 - smoothing : 0);
                d[to0 + c] = (float) (share * (Math.exp(x[at + c] - log) - target));
              }
            }
          });
      return new Tensor[] {result};
    }
  }

  /** Mean of {@code (a - b)^2} over equal shapes. */
  record MeanSquaredError() implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      if (!in[0].shape().equals(in[1].shape())) {
        throw new IllegalArgumentException("mse needs equal shapes, got %s and %s".formatted(in[0].shape(), in[1].shape()));
      }
      float[] a = in[0].array();
      float[] b = in[1].array();
      int aAt = in[0].offset();
      int bAt = in[1].offset();
      int size = (int) in[0].size();
      double[] partial = new double[Engine.blockCount(size, 1)];
      engine.blocks(
          size, 1,
          (from, to, scratch) -> {
            double sum = 0;
            for (int i = from; i < to; i++) {
              double difference = (double) a[aAt + i] - b[bAt + i];
              sum += difference * difference;
            }
            partial[from / Engine.blockSize(1)] = sum;
          });
      double sum = 0;
      for (double part : partial) {
        sum += part;
      }
      Tensor out = engine.empty(Shape.of());
      out.array()[out.offset()] = (float) (sum / size);
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor difference = Elementwise.Binary.SUB.forward(engine, in[0], in[1]);
      float factor = (float) (2.0 * grad.item() / in[0].size());
      return new @Nullable Tensor[] {
        wanted[0] ? Elementwise.scaled(engine, difference, factor) : null,
        wanted[1] ? Elementwise.scaled(engine, difference, -factor) : null
      };
    }
  }
}
