package nibble.quant.fold;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.site.ChannelScale;
import nibble.tensor.Tensor;

/**
 * In front of linear layers whose input nothing before can scale: a multiplication in their site at
 * run time.
 */
public record OnlineEdge(Site site, List<Linear> readers) implements ScaleEdge {
  public OnlineEdge {
    readers = List.copyOf(readers);
  }

  @Override
  public String name() {
    return site.name();
  }

  @Override
  public int factors() {
    return readers.getFirst().in();
  }

  @Override
  public int factorOf(int channel) {
    return channel;
  }

  @Override
  public boolean positive() {
    return false;
  }

  @Override
  public void scale(float[] a) {
    check(a);
    site.append(new ChannelScale(Tensor.of(a.clone(), a.length)));
    readers.forEach(linear -> LinearScale.divideColumns(linear, column -> a[column]));
  }
}
