package nibble.quant.quipsharp;

import nibble.nn.packed.LatticeWeight;
import nibble.quant.format.QuantizedWeight;

/** A weight of lattice codes, as it runs. */
public record LatticeTensor(LatticeWeight weight) implements QuantizedWeight {
  @Override
  public int out() {
    return weight.out();
  }

  @Override
  public int in() {
    return weight.in();
  }

  @Override
  public float[] dequantize() {
    return weight.dequantized().toFloats();
  }

  @Override
  public long storedBits() {
    return 8 * weight.bytes();
  }

  @Override
  public String formatName() {
    return "e8p-" + 2 * weight.scales().length + "bit";
  }
}
