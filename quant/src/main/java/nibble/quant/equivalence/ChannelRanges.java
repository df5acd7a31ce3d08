package nibble.quant.equivalence;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.quant.model.Segment;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Smallest and largest value of every channel of a layer's input.
 *
 * @param low {@code [in]}
 * @param high {@code [in]}
 */
public record ChannelRanges(float[] low, float[] high) {

  /** Those of the inputs of {@code linears} while {@code part} runs on {@code inputs}, by site. */
  public static Map<Site, ChannelRanges> of(
      Ops ops, BiFunction<Ops, Tensor, Tensor> part, List<Tensor> inputs, List<Linear> linears) {
    IdentityHashMap<Site, ChannelRanges> ranges = new IdentityHashMap<>();
    IdentityHashMap<Site, SiteFunction> observers = new IdentityHashMap<>();
    for (Linear linear : linears) {
      if (!ranges.containsKey(linear.input())) {
        ChannelRanges range = nothing(linear.in());
        SiteFunction observer =
            (o, x) -> {
              range.see(x);
              return x;
            };
        ranges.put(linear.input(), range);
        observers.put(linear.input(), observer);
        linear.input().append(observer);
      }
    }
    try {
      List<Tensor> _ = new Segment("part", List.of(), part, false).forward(ops, inputs);
    } finally {
      observers.forEach(Site::remove);
    }
    return ranges;
  }

  private static ChannelRanges nothing(int width) {
    float[] low = new float[width];
    float[] high = new float[width];
    Arrays.fill(low, Float.POSITIVE_INFINITY);
    Arrays.fill(high, Float.NEGATIVE_INFINITY);
    return new ChannelRanges(low, high);
  }

  private void see(Tensor x) {
    float[] values = x.toFloats();
    for (int i = 0; i < values.length; i++) {
      int j = i % low.length;
      low[j] = Math.min(low[j], values[i]);
      high[j] = Math.max(high[j], values[i]);
    }
  }

  /** Largest absolute value of channel {@code j}. */
  public float largest(int j) {
    return Math.max(Math.abs(low[j]), Math.abs(high[j]));
  }
}
