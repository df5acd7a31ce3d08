package nibble.quant.fold;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.ResidualStructure;

/**
 * From the rows of a feed-forward layer that pass linearly to {@code down}: the half that is
 * multiplied with the gate, or all through ReLU, which keeps positive factors. GELU and SiLU keep
 * none, so plain layers with them have no such edge.
 */
public record FeedForwardEdge(
    ResidualStructure.FeedForward feedForward, ResidualStructure.Carrier carrier)
    implements ScaleEdge {
  @Override
  public String name() {
    return feedForward.down().input().name();
  }

  @Override
  public int factors() {
    return feedForward.down().in();
  }

  @Override
  public List<Linear> readers() {
    return List.of(feedForward.down());
  }

  @Override
  public int factorOf(int channel) {
    return channel;
  }

  @Override
  public boolean positive() {
    return carrier.positive();
  }

  @Override
  public void scale(float[] a) {
    check(a);
    float[] rows = LinearScale.ones(carrier.linear().out());
    System.arraycopy(a, 0, rows, carrier.first(), a.length);
    LinearScale.scaleRows(carrier.linear(), rows);
    LinearScale.divideColumns(feedForward.down(), column -> a[column]);
  }
}
