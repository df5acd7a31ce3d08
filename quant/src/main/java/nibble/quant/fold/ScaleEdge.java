package nibble.quant.fold;

import java.util.List;
import nibble.nn.Linear;

/**
 * A place of a model where channels can take other scales while the float function stays: what
 * makes a channel gives {@code a} times as much, what reads it takes {@code 1 / a} of that. {@link
 * ScaleEdges} finds those of a model.
 */
public sealed interface ScaleEdge
    permits NormEdge, ValueEdge, FeedForwardEdge, QueryKeyEdge, OnlineEdge {
  /** A name for messages, such as {@code layers.0.attn.o.input}. */
  String name();

  /**
   * How many factors are free. Channels that must have the same factor share one: heads that share
   * a key head, pairs of rotary positions.
   */
  int factors();

  /**
   * The linear layers that read the channels, all through one site; empty where no linear layer
   * does.
   */
  List<Linear> readers();

  /** Which factor belongs to input channel {@code channel} of the {@link #readers}. */
  int factorOf(int channel);

  /** Whether factors must be above 0. */
  boolean positive();

  /**
   * Does it, in the float weights.
   *
   * @param a {@code [factors]}, finite and not 0
   * @throws IllegalArgumentException if a factor is none of that, or below 0 where {@link
   *     #positive}
   */
  void scale(float[] a);

  /** What {@link #scale} takes. */
  default void check(float[] a) {
    if (a.length != factors()) {
      throw new IllegalArgumentException(
          "'%s' has %d free factors, found %d".formatted(name(), factors(), a.length));
    }
    for (int i = 0; i < a.length; i++) {
      if (!Float.isFinite(a[i]) || a[i] == 0 || (positive() && a[i] < 0)) {
        throw new IllegalArgumentException(
            "'%s': factor %d is %s, expected a finite number %s"
                .formatted(name(), i, a[i], positive() ? "above 0" : "other than 0"));
      }
    }
  }
}
