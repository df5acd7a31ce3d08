package nibble.quant.fold;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.ResidualStructure;

/**
 * Between keys and queries: keys times {@code a}, the queries that meet them divided by it, so
 * every score stays. Rotary positions turn pairs of channels; they commute with a factor only if
 * both channels of the pair have it (the public code of OmniQuant and OSTQuant leaves that out,
 * which changes the function). Query heads that share a key head share its factors.
 */
public record QueryKeyEdge(ResidualStructure.Attention attention) implements ScaleEdge {
  /** Free factors of one head: one for a rotary pair, one for every other channel. */
  private int perHead() {
    return attention.headDim() - attention.between().rotary() / 2;
  }

  private int factor(int keyHead, int channel) {
    int rotary = attention.between().rotary();
    int within = channel < rotary ? channel % (rotary / 2) : channel - rotary / 2;
    return keyHead * perHead() + within;
  }

  @Override
  public String name() {
    return attention.keys().linear().name() + " keys";
  }

  @Override
  public int factors() {
    return attention.keyValueHeads() * perHead();
  }

  /** None: the product of the attention does. */
  @Override
  public List<Linear> readers() {
    return List.of();
  }

  @Override
  public int factorOf(int channel) {
    return factor(channel / attention.headDim(), channel % attention.headDim());
  }

  @Override
  public boolean positive() {
    return false;
  }

  @Override
  public void scale(float[] a) {
    check(a);
    int shared = attention.heads() / attention.keyValueHeads();
    HeadScale.scaleRows(
        attention.keys(),
        attention.keyValueHeads(),
        attention.headDim(),
        (head, channel) -> a[factor(head, channel)]);
    HeadScale.scaleRows(
        attention.queries(),
        attention.heads(),
        attention.headDim(),
        (head, channel) -> 1 / a[factor(head / shared, channel)]);
  }
}
