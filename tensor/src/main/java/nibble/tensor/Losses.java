package nibble.tensor;

import java.util.Objects;
import nibble.kernels.rowwise.Reductions;
import org.jspecify.annotations.Nullable;

/** Rows of the derivative table that end a training graph: scalars. */
final class Losses {
  private Losses() {}

  /**
   * Mean over the rows of {@code -sum_c t_c log softmax(logits)_c}, where the target {@code t} is
   * {@code 1 - smoothing} on the label plus {@code smoothing / classes} everywhere.
   */
  record CrossEntropy(int[] labels, float smoothing) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor logits = in[0];
      if (logits.rank() != 2 || logits.dim(0) != labels.length || labels.length == 0) {
        throw new IllegalArgumentException(
            "crossEntropy needs logits [labels, classes], got %s for %d labels"
                .formatted(logits.shape(), labels.length));
      }
      int classes = logits.dim(1);
      Tensor log = Normalisation.logSoftmax(engine, logits);
      double sum = 0;
      for (int row = 0; row < labels.length; row++) {
        int at = log.offset() + row * classes;
        sum -= (1 - smoothing) * log.array()[at + Objects.checkIndex(labels[row], classes)];
        if (smoothing > 0) {
          sum -= smoothing / classes * Reductions.best().sum(classes, log.array(), at);
        }
      }
      Tensor out = engine.empty(Shape.of());
      out.array()[out.offset()] = (float) (sum / labels.length);
      return out;
    }

    /** {@code (softmax - t) / rows}. */
    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor logits = in[0];
      Tensor result = new Normalisation.SoftmaxRow().forward(engine, logits);
      int classes = logits.dim(1);
      float share = grad.item() / labels.length;
      float everywhere = smoothing / classes;
      float[] d = result.array();
      engine.blocks(
          labels.length,
          classes,
          (from, to, scratch) -> {
            for (int row = from; row < to; row++) {
              int at = result.offset() + row * classes;
              d[at + labels[row]] -= 1 - smoothing;
              for (int c = 0; c < classes; c++) {
                d[at + c] = share * (d[at + c] - everywhere);
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
        throw new IllegalArgumentException(
            "mse needs equal shapes, got %s and %s".formatted(in[0].shape(), in[1].shape()));
      }
      Tensor a = in[0];
      Tensor b = in[1];
      int size = (int) a.size();
      double sum =
          Reduction.total(
              engine,
              size,
              (from, count) ->
                  Reductions.best()
                      .squaredDistance(
                          count, a.array(), a.offset() + from, b.array(), b.offset() + from));
      Tensor out = engine.empty(Shape.of());
      out.array()[out.offset()] = (float) (sum / size);
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor difference = Binary.SUB.forward(engine, in[0], in[1]);
      float factor = (float) (2.0 * grad.item() / in[0].size());
      return new @Nullable Tensor[] {
        wanted[0] ? Pointwise.scaled(engine, difference, factor) : null,
        wanted[1] ? Pointwise.scaled(engine, difference, -factor) : null
      };
    }
  }
}
