package nibble.nn.encoder;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import nibble.nn.transformer.Sequences;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * From the hidden states of the tokens to one vector for each sentence: what the modules after the
 * encoder do in {@code modules.json} of sentence-transformers.
 *
 * @param modes ways of pooling whose results are joined along the channels, in this order
 * @param steps what happens to the pooled vectors {@code [sentences, channels]}
 */
public record SentencePooling(List<Mode> modes, List<Step> steps) {
  private static final float SMALLEST_LENGTH = 1e-12f;

  public SentencePooling {
    modes = List.copyOf(modes);
    steps = List.copyOf(steps);
    if (modes.isEmpty()) {
      throw new IllegalArgumentException("a sentence vector needs at least one way of pooling");
    }
  }

  /** How one vector is made of those of the tokens. */
  public enum Mode {
    CLS,
    MAX,
    MEAN,
    /** The sum divided by the square root of the number of tokens. */
    MEAN_SQRT_LENGTH,
    /** The mean with weight {@code i} for token {@code i}, counted from 1. */
    WEIGHTED_MEAN,
    LAST_TOKEN
  }

  /** A step after pooling. */
  public interface Step extends BiFunction<Ops, Tensor, Tensor> {}

  /** Scales every vector to length 1. */
  public record Normalize() implements Step {
    @Override
    public Tensor apply(Ops ops, Tensor x) {
      Tensor length = ops.sqrt(ops.sum(ops.square(x), -1, true));
      return ops.div(x, ops.clamp(length, SMALLEST_LENGTH, Float.POSITIVE_INFINITY));
    }
  }

  /** A mean over tokens, scaled to length 1: the most common form. */
  public static SentencePooling normalizedMean() {
    return new SentencePooling(List.of(Mode.MEAN), List.of(new Normalize()));
  }

  /**
   * One vector for each sentence, {@code [sentences, channels]}.
   *
   * @param hidden {@code [rows, width]}, as {@link Encoder#encode} gives it
   * @param sentences which rows belong to which sentence
   */
  public Tensor apply(Ops ops, Tensor hidden, Sequences sentences) {
    if (hidden.rank() != 2 || hidden.dim(0) != sentences.rows()) {
      throw new IllegalArgumentException(
          "pooling takes hidden states [%d, width], got %s"
              .formatted(sentences.rows(), hidden.shape()));
    }
    List<Tensor> vectors = new ArrayList<>();
    for (int i = 0; i < sentences.count(); i++) {
      Tensor rows = ops.slice(hidden, 0, sentences.start(i), sentences.start(i + 1));
      Tensor[] parts = modes.stream().map(mode -> pooled(ops, rows, mode)).toArray(Tensor[]::new);
      vectors.add(parts.length == 1 ? parts[0] : ops.concat(1, parts));
    }
    Tensor x = ops.concat(0, vectors.toArray(Tensor[]::new));
    for (Step step : steps) {
      x = step.apply(ops, x);
    }
    return x;
  }

  private static Tensor pooled(Ops ops, Tensor rows, Mode mode) {
    int tokens = rows.dim(0);
    return switch (mode) {
      case CLS -> ops.slice(rows, 0, 0, 1);
      case LAST_TOKEN -> ops.slice(rows, 0, tokens - 1, tokens);
      case MAX -> ops.custom(new ColumnMaximum(), rows);
      case MEAN -> ops.mean(rows, 0, true);
      case MEAN_SQRT_LENGTH -> ops.scale(ops.sum(rows, 0, true), (float) (1 / Math.sqrt(tokens)));
      case WEIGHTED_MEAN -> ops.matmul(weights(tokens), rows);
    };
  }

  private static Tensor weights(int tokens) {
    float[] weights = new float[tokens];
    for (int i = 0; i < tokens; i++) {
      weights[i] = (float) (2.0 * (i + 1) / ((double) tokens * (tokens + 1)));
    }
    return Tensor.of(weights, 1, tokens);
  }
}
