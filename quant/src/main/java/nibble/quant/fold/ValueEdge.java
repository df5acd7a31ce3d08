package nibble.quant.fold;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.ResidualStructure;

/**
 * From the values of an attention layer to its output projection: softmax mixes tokens, not
 * channels. Query heads that share a key head read the same values, so they share factors: one for
 * each channel of each key head.
 */
public record ValueEdge(ResidualStructure.Attention attention) implements ScaleEdge {
  @Override
  public String name() {
    return attention.output().input().name();
  }

  @Override
  public int factors() {
    return attention.keyValueHeads() * attention.headDim();
  }

  @Override
  public List<Linear> readers() {
    return List.of(attention.output());
  }

  @Override
  public int factorOf(int channel) {
    int d = attention.headDim();
    return channel / d / (attention.heads() / attention.keyValueHeads()) * d + channel % d;
  }

  @Override
  public boolean positive() {
    return false;
  }

  @Override
  public void scale(float[] a) {
    check(a);
    HeadScale.scaleRows(
        attention.values(),
        attention.keyValueHeads(),
        attention.headDim(),
        (head, channel) -> a[head * attention.headDim() + channel]);
    LinearScale.divideColumns(attention.output(), column -> a[factorOf(column)]);
  }
}
