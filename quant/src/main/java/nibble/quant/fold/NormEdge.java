package nibble.quant.fold;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;

/**
 * From a normalisation with a gain to all layers that read it: the gain (and bias) times {@code a},
 * the layers' columns divided.
 */
public record NormEdge(Model model, ResidualStructure.Reader reader) implements ScaleEdge {
  @Override
  public String name() {
    return readers().getFirst().input().name();
  }

  @Override
  public int factors() {
    return readers().getFirst().in();
  }

  @Override
  public List<Linear> readers() {
    return reader.linears();
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
    boolean inNorm = ChannelFold.apply(model, readers().getFirst().input(), a, new float[a.length]);
    if (!inNorm) {
      throw new IllegalStateException("'" + reader.norm().name() + "' has lost its gain");
    }
  }
}
